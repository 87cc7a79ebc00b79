"""What any PySide6 program costs: one empty window, measured like ours."""

from __future__ import annotations

import json
import sys
import time

from PySide6.QtCore import QTimer
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget


class Empty(QWidget):
    painted = False

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        super().paintEvent(event)
        if not self.painted:
            self.painted = True
            QTimer.singleShot(0, self.report)

    def report(self) -> None:
        sys.stdout.write(json.dumps({"first_frame_at_s": time.time()}) + "\n")
        sys.stdout.flush()
        if "--first-frame-exit" in sys.argv:
            QApplication.exit(0)


app = QApplication(sys.argv[:1])
window = Empty()
window.resize(1080, 720)
window.show()
sys.exit(app.exec())
