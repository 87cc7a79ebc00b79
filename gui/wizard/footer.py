"""The row of buttons under every page: back, a link, a second choice, and one primary button."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from gui.icons import pixmap
from gui.widgets.buttons import Button
from gui.widgets.labels import Label
from gui.wizard.step import Act, Footer

FOOTER_HEIGHT = 72
_HINT_MAX = 250  # px, so that the buttons never run out of room


class FooterBar(QFrame):
    """Shows a Footer. The buttons never move from page to page, so hands learn where they are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("footer")
        self.setMinimumHeight(FOOTER_HEIGHT)
        self.back = _named(Button("quiet"), "back")
        self.link = _named(Button("link"), "link")
        self.secondary = _named(Button("secondary"), "secondary")
        self.primary = _named(Button("primary", "large", trailing=True), "primary")
        self._hint_icon = QLabel()
        self._hint = Label("caption")
        self._hint.setObjectName("hint")
        self._hint.setMaximumWidth(_HINT_MAX)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout(self)
        row.setContentsMargins(28, 8, 40, 8)
        row.setSpacing(12)
        row.addWidget(self.back)
        row.addSpacing(12)
        row.addWidget(self.link)
        row.addStretch(1)
        row.addWidget(self._hint_icon)
        row.addWidget(self._hint)
        row.addSpacing(8)
        row.addWidget(self.secondary)
        row.addWidget(self.primary)

    def show_footer(self, footer: Footer) -> None:
        _show(self.back, footer.back)
        _show(self.link, footer.link)
        _show(self.secondary, footer.secondary)
        _show(self.primary, footer.primary)
        lines = footer.hint.splitlines() or [""]
        widest = max(self._hint.fontMetrics().horizontalAdvance(line) for line in lines)
        self._hint.setMinimumWidth(min(_HINT_MAX, widest + 4))
        self._hint.setText(footer.hint)
        self._hint.setVisible(bool(footer.hint))
        self._hint_icon.setVisible(bool(footer.hint and footer.hint_icon))
        if footer.hint_icon:
            self._hint_icon.setPixmap(pixmap(footer.hint_icon, "text-muted", 16))


def _named(button: Button, name: str) -> Button:
    button.setObjectName(name)
    return button


def _show(button: Button, act: Act | None) -> None:
    button.setVisible(act is not None)
    if act is None:
        return
    button.setText(act.text)
    button.setAccessibleName(act.text)
    button.setEnabled(act.enabled)
    button.set_icon(act.icon)
    button.set_busy(act.busy)
