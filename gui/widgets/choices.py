"""Ways to choose one of a few: big cards, and a row of segments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from gui import icons, theme
from gui.widgets.buttons import restyle
from gui.widgets.labels import Label

_BACK = (Qt.Key.Key_Up, Qt.Key.Key_Left)
_ON = (Qt.Key.Key_Down, Qt.Key.Key_Right)


class _Dot(QRadioButton):
    """The radio button of a card. It holds the focus, the state and the name for readers."""

    def __init__(self, card: ChoiceCard) -> None:
        super().__init__(card)
        self._card = card
        self.setProperty("ring", "parent")  # the focus ring goes around the whole card
        self.setAutoExclusive(False)  # the group sees to it, wherever the cards stand
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(18, 18)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        center = QPointF(self.width() / 2, self.height() / 2)
        on = self.isChecked()
        off = not self.isEnabled()
        edge = "border" if off else "accent" if on else "border-strong"
        painter.setPen(QPen(theme.color(edge), 1.5))
        painter.setBrush(theme.color("surface-sunken" if off else "surface"))
        painter.drawEllipse(center, 8.0, 8.0)
        if on:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color(edge))
            painter.drawEllipse(center, 4.5, 4.5)
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _BACK + _ON:
            self._card.stepped.emit(1 if event.key() in _ON else -1)
        else:
            super().keyPressEvent(event)

    def nextCheckState(self) -> None:
        self.setChecked(True)  # a chosen card is not unchosen by a second click

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._card.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._card.update()


class ChoiceCard(QFrame):
    """One choice as a card: the whole of it clicks. Signals `chosen(value)` when it is chosen."""

    chosen = Signal(object)
    stepped = Signal(int)  # an arrow key: +1 or -1

    def __init__(
        self, value: object, icon: str | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.value = value
        self._icon = icon
        self.setProperty("role", "choice")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._picture = QLabel()
        self._title = Label("strong")
        self._caption = Label("caption")
        self.radio = _Dot(self)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._caption)
        words.addStretch(1)
        row = self._row = QHBoxLayout(self)
        row.setContentsMargins(15, 13, 15, 13)
        row.setSpacing(10)
        row.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addWidget(self.radio, 0, Qt.AlignmentFlag.AlignTop)
        self._picture.setVisible(icon is not None)
        self.radio.toggled.connect(self._toggled)
        theme.watcher().changed.connect(self._show)
        self._show()

    def set_texts(self, title: str, caption: str = "") -> None:
        """The choice and what it means."""
        self._title.setText(title)
        self._caption.setText(caption)
        self._caption.setVisible(bool(caption))
        self.radio.setAccessibleName(title)
        self.radio.setAccessibleDescription(caption)

    def texts(self) -> tuple[str, str]:
        """Title and caption as they are shown."""
        return self._title.text(), self._caption.text()

    @property
    def is_chosen(self) -> bool:
        return self.radio.isChecked()

    def set_chosen(self, chosen: bool) -> None:
        self.radio.setChecked(chosen)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.isEnabled():
            self.radio.setFocus(Qt.FocusReason.MouseFocusReason)
            self.radio.setChecked(True)

    def _toggled(self, on: bool) -> None:
        self.setProperty("checked", "true" if on else "false")
        # The chosen edge is 2 px wide; one px less margin keeps the words where they are.
        self._row.setContentsMargins(*((14, 12, 14, 12) if on else (15, 13, 15, 13)))
        restyle(self)
        self._show()
        if on:
            self.chosen.emit(self.value)

    def _show(self) -> None:
        if self._icon:
            role = "accent" if self.is_chosen else "text-muted"
            self._picture.setPixmap(icons.pixmap(self._icon, role, 20))
        self.radio.update()


class ChoiceGroup(QWidget):
    """Cards of which one is chosen, in a grid of `columns`. One Tab stop; arrows move inside.

    The cards may also be laid out elsewhere; the group must then be kept.
    """

    chosen = Signal(object)

    def __init__(
        self, cards: Iterable[ChoiceCard], columns: int = 1, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.cards = tuple(cards)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(10)
        for number, card in enumerate(self.cards):
            grid.addWidget(card, number // columns, number % columns)
            card.chosen.connect(self._choose)
            card.stepped.connect(self._step)
        for column in range(min(columns, len(self.cards))):
            grid.setColumnStretch(column, 1)
        self._one_tab_stop()

    @property
    def value(self) -> object | None:
        """What is chosen, or None."""
        return next((card.value for card in self.cards if card.is_chosen), None)

    def set_value(self, value: object | None) -> None:
        """Chooses without a signal; None chooses nothing."""
        blocked = self.blockSignals(True)
        for card in self.cards:
            card.set_chosen(card.value == value)
        self.blockSignals(blocked)
        self._one_tab_stop()

    def focus_first(self) -> None:
        """Puts the focus on what is chosen, else on the first that can be."""
        for card in self.cards:
            if card.radio.focusPolicy() != Qt.FocusPolicy.NoFocus and card.isEnabled():
                card.radio.setFocus(Qt.FocusReason.TabFocusReason)
                return

    def _choose(self, value: object) -> None:
        for card in self.cards:
            if card.value != value:
                card.set_chosen(False)
        self._one_tab_stop()
        self.chosen.emit(value)

    def _step(self, by: int) -> None:
        usable = [card for card in self.cards if card.isEnabled()]
        here = next((n for n, card in enumerate(usable) if card.radio.hasFocus()), -by)
        there = usable[(here + by) % len(usable)]
        there.set_chosen(True)
        there.radio.setFocus(Qt.FocusReason.TabFocusReason)

    def _one_tab_stop(self) -> None:
        holder = next((card for card in self.cards if card.is_chosen), None)
        holder = holder or next((card for card in self.cards if card.isEnabled()), None)
        for card in self.cards:
            stop = card is holder
            policy = Qt.FocusPolicy.StrongFocus if stop else Qt.FocusPolicy.ClickFocus
            card.radio.setFocusPolicy(policy)


class Segments(QFrame):
    """Two to four short choices in one row. `values` are given texts by `set_texts`."""

    chosen = Signal(object)

    def __init__(self, values: Iterable[object], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "segments")
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.values = tuple(values)
        self.buttons = tuple(QPushButton(str(value)) for value in self.values)
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(2)
        for number, button in enumerate(self.buttons):
            button.setCheckable(True)
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.setAutoDefault(False)
            self._group.addButton(button, number)
            row.addWidget(button)
        self._group.idClicked.connect(lambda number: self.chosen.emit(self.values[number]))

    @property
    def value(self) -> object | None:
        """What is chosen, or None."""
        number = self._group.checkedId()
        return self.values[number] if number >= 0 else None

    def set_value(self, value: object) -> None:
        """Chooses without a signal."""
        self.buttons[self.values.index(value)].setChecked(True)

    def set_texts(self, texts: Mapping[object, str] | Iterable[str]) -> None:
        """The words, by value or in the order of the values."""
        ordered = (
            [texts[value] for value in self.values] if isinstance(texts, Mapping) else list(texts)
        )
        for button, text in zip(self.buttons, ordered, strict=True):
            button.setText(text)
            button.setAccessibleName(text)
