"""Keeps a scrolled column exactly as high as its wrapped texts need."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QScrollArea


class FitHeight(QObject):
    """A scroll area sizes its content by the height wrapped labels would need in a narrow column,
    which leaves an empty stretch at the end. This asks the layout for the real width's height.
    """

    def __init__(self, area: QScrollArea) -> None:
        super().__init__(area)
        self._area = area
        if (content := area.widget()) is not None:
            content.installEventFilter(self)
        area.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize):
            content = self._area.widget()
            layout = content.layout() if content is not None else None
            if content is not None and layout is not None and layout.hasHeightForWidth():
                height = layout.totalHeightForWidth(self._area.viewport().width())
                if height != content.minimumHeight():
                    content.setMinimumHeight(height)
        return False
