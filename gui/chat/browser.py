"""A text view for a model's words that opens, loads and fetches nothing by itself."""

from __future__ import annotations

import math
from functools import cache

from PySide6.QtCore import QMimeData, QSizeF, Qt, QUrl, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QImage,
    QKeyEvent,
    QTextDocument,
    QTextOption,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QMenu, QSizePolicy, QTextBrowser, QWidget

from gui.chat.render import Rendered, clean, safe_target
from gui.language import say
from gui.theme import color, font

_COPY = "#copy-"
_PICTURE = QTextDocument.ResourceType.ImageResource.value


class SafeBrowser(QTextBrowser):
    """Shows what `render` made, as high as its text. Links only tell that they were chosen."""

    link_chosen = Signal(str)  # a safe address, after `safe_target`
    copy_wanted = Signal(str)  # a code block

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Qt's own defaults read file:// pictures and open local files from a link (measured with
        # 6.12), so both ways are closed: nothing is opened, and nothing is loaded.
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.setUndoRedoEnabled(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self.anchorClicked.connect(self._clicked)
        self._codes: tuple[str, ...] = ()
        self.setMinimumWidth(0)

    def show_rendered(self, rendered: Rendered) -> None:
        self._codes = rendered.codes
        self.document().setDefaultStyleSheet(_style_sheet())
        self.setHtml(rendered.html)

    def has_selection(self) -> bool:
        return self.textCursor().hasSelection()

    # --- nothing is loaded, nothing rich leaves ---------------------------------------------------

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        """Nothing, whatever is asked for: no file, no address, no bundled picture.

        For a picture "nothing" is one clear point: where no picture is returned, Qt opens the
        file of that name by itself (measured with 6.12).
        """
        return _no_picture() if kind == _PICTURE else b""

    def doSetSource(self, name: QUrl | str, kind: object = None) -> None:
        """No page is ever gone to."""

    def createMimeDataFromSelection(self) -> QMimeData:
        """A copy is plain text of what was seen: no tags, no hidden signs."""
        data = QMimeData()
        data.setText(clean(self.textCursor().selection().toPlainText()))
        return data

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        copy = menu.addAction(say("chat.copy"), self.copy)
        copy.setEnabled(self.has_selection())
        menu.addAction(say("chat.select_all"), self.selectAll)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # the page around it scrolls

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Escape):
            event.ignore()  # these belong to the page around it
            return
        super().keyPressEvent(event)

    def _clicked(self, url: QUrl) -> None:
        text = url.toString(QUrl.ComponentFormattingOption.FullyEncoded)
        if text.startswith(_COPY) and text[len(_COPY) :].isdecimal():
            index = int(text[len(_COPY) :])
            if index < len(self._codes):
                self.copy_wanted.emit(self._codes[index])
        elif target := safe_target(text):
            self.link_chosen.emit(target)

    def _fit(self, size: QSizeF) -> None:
        self.setFixedHeight(max(1, math.ceil(size.height())))


@cache
def _no_picture() -> QImage:
    picture = QImage(1, 1, QImage.Format.Format_ARGB32)
    picture.fill(0)
    return picture


def _style_sheet() -> str:
    mono = ", ".join(f"'{family}'" for family in font("mono").families())
    name = {
        role: color(role).name() for role in ("text", "text-muted", "accent", "border", "code-bg")
    }
    code = f"font-family: {mono}; font-size: 12.5px;"
    cell = f"background-color: {name['code-bg']}; border: 1px solid {name['border']};"
    return f"""
        * {{ color: {name["text"]}; }}
        p, li {{ margin-top: 0; margin-bottom: 8px; line-height: 135%; }}
        li {{ margin-bottom: 4px; }}
        h3 {{ font-size: 17px; font-weight: 600; margin-top: 6px; margin-bottom: 8px; }}
        h4 {{ font-size: 15px; font-weight: 600; margin-top: 4px; margin-bottom: 6px; }}
        h5 {{ font-size: 14px; font-weight: 600; margin-top: 4px; margin-bottom: 6px; }}
        a {{ color: {name["accent"]}; }}
        blockquote {{ color: {name["text-muted"]}; margin-left: 16px; }}
        table {{ border-collapse: collapse; border-color: {name["border"]};
                 margin-top: 4px; margin-bottom: 10px; }}
        th {{ background-color: {name["code-bg"]}; font-weight: 600; }}
        code {{ background-color: {name["code-bg"]}; {code} }}
        pre {{ {code} margin: 0; white-space: pre-wrap; }}
        td, th {{ border: 1px solid {name["border"]}; padding: 6px 10px; }}
        td.codehead {{ {cell} border-right: 0px; padding: 8px 14px; font-size: 12px;
                       color: {name["text-muted"]}; }}
        td.codecopy {{ {cell} border-left: 0px; padding: 8px 14px; font-size: 12px; }}
        td.code {{ {cell} padding: 12px 14px; }}
    """
