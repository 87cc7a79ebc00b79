"""The window's frame and its first picture, made of as little as possible.

Loading everything takes several times longer than an empty window needs, so the frame comes first,
in the right colour and with the mark, and `gui.inside` is loaded while it is already on the screen.
Nothing here may import a module that another page needs: `tests/gui/test_main_window.py` looks.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QJsonDocument, QRectF, QTimer, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QCloseEvent, QPaintEvent, QResizeEvent

    from gui.main_window import MainWindow

_ASSETS = Path(__file__).resolve().parent.parent / "assets"
_MARK = 72.0  # px


class Frame(QWidget):
    """The top-level window. `hold(inside)` puts the real window into it."""

    first_frame = Signal()

    def __init__(self, shown: str) -> None:
        super().__init__()
        self.inside: MainWindow | None = None
        self._painted = False
        found = _json(_ASSETS / "theme" / "tokens.json")
        self._ground = QColor(found["color"][shown]["bg"]["value"])
        mark = _ASSETS / "icons" / "app" / f"mark-{shown}.svg"
        self._mark = QSvgRenderer(str(mark), self)
        self.setWindowTitle("Deepberth")
        self.setMinimumSize(*found["size"]["window_min"])
        width, height = found["size"]["window_default"]
        screen = QGuiApplication.primaryScreen()
        if screen is not None:
            room = screen.availableGeometry()
            width, height = min(width, room.width()), min(height, room.height())
        self.resize(width, height)

    def hold(self, inside: MainWindow) -> None:
        """From now on the window is `inside`; the frame only carries its title and its closing."""
        self.inside = inside
        inside.setParent(self)
        inside.setGeometry(self.rect())
        inside.windowTitleChanged.connect(self.setWindowTitle)
        self.setWindowTitle(inside.windowTitle())
        inside.show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.inside is not None:
            self.inside.setGeometry(self.rect())

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.inside is not None:
            self.inside.closeEvent(event)
        else:
            QApplication.exit(0)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._ground)
        if self.inside is None:
            middle = QRectF(self.rect()).center()
            place = QRectF(middle.x() - _MARK / 2, middle.y() - _MARK / 2, _MARK, _MARK)
            self._mark.render(painter, place)
        painter.end()
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self.first_frame.emit)  # when this frame is on the screen


def peek(settings: Path, asked: str | None, system_is_dark: bool) -> str:
    """light or dark for the first picture. The settings are read properly a moment later."""
    try:
        choice = asked or _json(settings).get("theme")
    except OSError:
        choice = None
    if choice in ("light", "dark"):
        return str(choice)
    return "dark" if system_is_dark else "light"


def looks_dark() -> bool:
    """Whether the system gave us dark colours. Asking for its scheme would load all Qt enums."""
    return QGuiApplication.palette().window().color().lightness() < 128


def _json(path: Path) -> dict[str, Any]:
    """Qt's own reader is loaded already; Python's would cost as much as the rest of this file."""
    found = QJsonDocument.fromJson(path.read_bytes()[:65536]).object()
    return found if isinstance(found, dict) else {}
