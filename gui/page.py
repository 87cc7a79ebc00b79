"""What every page of a window is, and the scrolling column that most of them stand in."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from gui import language, theme

WIZARD_WIDTH = 860  # px, the widest a wizard page's content gets
HOME_WIDTH = 1040  # px, the same for a page of the home window


class Page(QWidget):
    """A page sets every text and value in `render()`, from its state.

    A subclass builds its widgets without texts and calls `render()` at the end of its own
    `__init__`. It is called again when the language or the theme changes.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        language.watcher().changed.connect(self._render_again)
        theme.watcher().changed.connect(self._render_again)

    def title(self) -> str:
        """The page's name, read out when it comes up."""
        return ""

    def render(self) -> None:  # type: ignore[override]
        """Shows the current state. Repeatable; starts no work.

        It hides QWidget.render on purpose: `grab()` takes pictures of pages just as well.
        """

    def _render_again(self) -> None:
        self.render()


class ScrollPage(Page):
    """A page whose `.body` (QVBoxLayout) scrolls and stays a readable column in the middle."""

    scroll: QScrollArea  # type: ignore[assignment] # hides QWidget.scroll, which nobody needs

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        width: int = WIZARD_WIDTH,
        margins: tuple[int, int, int, int] = (40, 32, 40, 24),
    ) -> None:
        super().__init__(parent)
        self.scroll, self.body = scroll_column(width, margins)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.scroll)


def scroll_column(
    width: int, margins: tuple[int, int, int, int]
) -> tuple[QScrollArea, QVBoxLayout]:
    """A scroll area without sideways scrolling, and the layout of its centred column."""
    column = QWidget()
    column.setMaximumWidth(width)
    body = QVBoxLayout()
    body.setSpacing(12)
    outer = QVBoxLayout(column)
    outer.setContentsMargins(0, 0, 0, 0)
    outer.addLayout(body)
    outer.addStretch(1)  # not an alignment: that would cut wrapped texts at their one-line height
    inner = QWidget()
    row = QHBoxLayout(inner)
    row.setContentsMargins(*margins)
    row.addStretch(1)
    row.addWidget(column, 1000)  # takes all the room up to its maximum width
    row.addStretch(1)
    area = QScrollArea()
    area.setWidget(inner)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area, body


def announce(widget: QWidget, sentence: str) -> None:
    """Lets a screen reader say something politely, without moving the focus."""
    if sentence and QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, sentence))


def has_focus_within(widget: QWidget) -> bool:
    """Whether the keyboard is somewhere inside."""
    focus = QApplication.focusWidget()
    return focus is not None and widget.isAncestorOf(focus)
