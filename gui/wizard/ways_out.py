"""Below an error: what else can be done than its own button."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from gui.language import say
from gui.widgets.buttons import Button
from gui.widgets.cards import Card
from gui.widgets.labels import Label, Tile

_ICONS = {"builtin": "cpu", "small": "chat", "plan": "policy"}


class WaysOut(QWidget):
    """Cards side by side, each with one link."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._cards = {way: _Way(way) for way in _ICONS}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        for card in self._cards.values():
            card.link.clicked.connect(self._press)
            row.addWidget(card, 1)

    def show_ways(self, ways: tuple[str, ...]) -> None:
        self.setVisible(bool(ways))
        for way, card in self._cards.items():
            card.setVisible(way in ways)
            card.show_texts()

    def _press(self) -> None:
        sender = self.sender()
        for way, card in self._cards.items():
            if sender is card.link:
                self.chosen.emit(way)


class _Way(Card):
    def __init__(self, way: str) -> None:
        super().__init__(dense=True)
        self._way = way
        self._title, self._more = Label("strong"), Label("caption")
        self.link = Button("link", "normal", "chevron-right", trailing=True)
        self.link.setObjectName(f"way-{way}")
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self._title)
        texts.addWidget(self._more)
        # A trailing icon turns the button around, and with it what "left" would mean.
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignAbsolute
        texts.addWidget(self.link, 0, left)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(Tile(_ICONS[way], "neutral"), 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(texts, 1)
        self.body.addLayout(row)
        self.body.addStretch(1)

    def show_texts(self) -> None:
        self._title.setText(say(f"page.setup.way.{self._way}"))
        self._more.setText(say(f"page.setup.way.{self._way}.more"))
        self.link.setText(say(f"page.setup.way.{self._way}.go"))
        self.link.setAccessibleName(f"{self._title.text()}: {self.link.text()}")
