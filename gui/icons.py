"""Icons in the colours of the theme: read the SVG, put the colour in, draw it once, keep it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPixmap

from gui import theme

_FOLDER = Path(__file__).resolve().parent.parent / "assets" / "icons"
_SMALL = 16  # up to here lines are drawn thicker, or they would look faint


def icon(name: str, role: str = "text", size: int = 18, *, room: int = 0) -> QIcon:
    """An icon in the colour of `role`, greyed by itself where its widget is off.

    `room` is empty space to its right, negative to its left: Qt leaves only 4 px before a text.
    """
    result = QIcon(pixmap(name, role, size, room=room))
    off = pixmap(name, "text-disabled", size, room=room)
    result.addPixmap(off, QIcon.Mode.Disabled)
    return result


def pixmap(name: str, role: str = "text", size: int = 18, *, room: int = 0) -> QPixmap:
    """The picture of an icon at the screen's own sharpness. `size` in logical px."""
    return _draw(f"ui/{name}", theme.color(role).name(), size, room, _ratio(), 0)


def turned(name: str, role: str, size: int, degrees: int, *, room: int = 0) -> QPixmap:
    """The same, turned clockwise: one picture of a spinner."""
    return _draw(f"ui/{name}", theme.color(role).name(), size, room, _ratio(), degrees)


def app_icon() -> QIcon:
    """The program's icon: a simpler drawing below 48 px."""
    result = QIcon()
    for size in (16, 20, 22, 24, 32):
        result.addPixmap(_draw("app/deepberth-small", "", size, 0, 1.0, 0))
    for size in (48, 64, 128, 256):
        result.addPixmap(_draw("app/deepberth", "", size, 0, 1.0, 0))
    return result


def mark(size: int = 28) -> QPixmap:
    """The bollard in the header, drawn for the current theme."""
    name = "app/mark-dark" if theme.is_dark() else "app/mark-light"
    return _draw(name, "", size, 0, _ratio(), 0)


def tray_icon(state: str) -> QIcon:
    """`state`: stopped, starting, running-local, running-cloud or warning."""
    import sys

    if sys.platform == "darwin":  # the menu bar tints a one-colour picture by itself
        kind = "template"
    else:
        scheme = QGuiApplication.styleHints().colorScheme()
        dark = scheme is Qt.ColorScheme.Dark or (
            scheme is Qt.ColorScheme.Unknown and theme.is_dark()
        )
        kind = "on-dark" if dark else "on-light"
    result = QIcon()
    for size in (16, 20, 22, 24, 32, 48):
        result.addPixmap(_draw(f"tray/{state}-{kind}", "", size, 0, 1.0, 0))
    result.setIsMask(kind == "template")
    return result


def names() -> tuple[str, ...]:
    """All line icons."""
    return tuple(sorted(path.stem for path in (_FOLDER / "ui").glob("*.svg")))


def _ratio() -> float:
    app = QGuiApplication.instance()
    return app.devicePixelRatio() if isinstance(app, QGuiApplication) else 1.0


@cache
def _source(name: str) -> str:
    return (_FOLDER / f"{name}.svg").read_text(encoding="utf-8")


@cache
def _draw(name: str, color: str, size: int, room: int, ratio: float, degrees: int) -> QPixmap:
    from PySide6.QtSvg import QSvgRenderer

    source = _source(name)
    if color:
        source = source.replace("currentColor", color)
        if size <= _SMALL:
            source = source.replace('stroke-width="1.75"', 'stroke-width="2"')
    canvas = QPixmap(QSize(round((size + abs(room)) * ratio), round(size * ratio)))
    canvas.setDevicePixelRatio(ratio)
    canvas.fill(QColor(Qt.GlobalColor.transparent))
    painter = QPainter(canvas)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if room < 0:
        painter.translate(-room, 0)
    if degrees:
        painter.translate(size / 2, size / 2)
        painter.rotate(degrees)
        painter.translate(-size / 2, -size / 2)
    QSvgRenderer(QByteArray(source.encode())).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return canvas
