"""The left side of the home window: the pages, and the state of the model at the bottom."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gui.chat.pieces import Elided
from gui.home.state import Look, Mood, short_name
from gui.icons import mark
from gui.language import say
from gui.theme import color, tokens
from gui.widgets.buttons import Button, IconButton
from gui.widgets.cards import Card
from gui.widgets.labels import Label

PAGES = ("home", "chat", "settings")
_STOPPABLE = (Mood.RUNNING, Mood.STARTING)
_DOTS = {
    Mood.RUNNING: "success",
    Mood.TROUBLE: "warning",
    Mood.STARTING: "accent",
    Mood.STOPPING: "accent",
    Mood.REMOVING: "accent",
}


class Dot(QWidget):
    """Filled while something is there, a ring while not: shape as well as colour."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(10, 10)
        self._role = ""

    def set_role(self, role: str) -> None:
        self._role = role
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._role:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color(self._role))
        else:
            painter.setPen(QPen(color("border-strong"), 1.2))
        painter.drawEllipse(QPointF(5, 5), 3.8, 3.8)


class StatusCard(Card):
    """The state in two lines, and the one icon that changes it."""

    start_pressed = Signal()
    stop_pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", False, parent)
        self.setObjectName("status-card")
        self._look = Look(mood=Mood.LOOKING)
        self._dot = Dot()
        self.state = Elided("strong")
        self._more = Elided("caption")
        self.act = IconButton("play", size=28)
        room = self.act.sizePolicy()
        room.setRetainSizeWhenHidden(True)
        self.act.setSizePolicy(room)
        self.act.setObjectName("status-act")
        self.act.clicked.connect(self._press)
        head = QHBoxLayout()
        head.setSpacing(0)
        head.addWidget(self._dot)
        head.addSpacing(8)
        head.addWidget(self.state, 1)
        head.addWidget(self.act)
        self._more.setContentsMargins(18, 0, 0, 0)
        self.body.setContentsMargins(11, 6, 4, 10)
        self.body.setSpacing(0)
        self.body.addLayout(head)
        self.body.addWidget(self._more)

    def render_look(self, look: Look) -> None:
        self._look = look
        self._dot.set_role(_DOTS.get(look.mood, ""))
        self.state.set_whole(say(f"home.short.{look.mood}"))
        more = say("home.short.free")
        if look.mood is Mood.RUNNING and look.plan is not None:
            model = look.plan.model
            more = say("home.short.starter") if model.starter else short_name(model)
        self._more.set_whole(more)
        stops = look.mood in _STOPPABLE
        self.act.set_icon("stop" if stops else "play")
        self.act.set_name(say("home.stop" if stops else "home.start_short"))
        self.act.setVisible(look.mood in (*_STOPPABLE, Mood.STOPPED))

    def _press(self) -> None:
        (self.stop_pressed if self._look.mood in _STOPPABLE else self.start_pressed).emit()


class Sidebar(QFrame):
    """`chosen` carries the name of a page."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sidebar")
        self.setFixedWidth(tokens()["size"]["sidebar"])
        self._mark, self._name = QLabel(), Label("heading", wrap=False)
        self.buttons = {name: Button("nav", "normal", name) for name in PAGES}
        for name, button in self.buttons.items():
            button.setObjectName(f"nav-{name}")
            button.setMinimumHeight(36)
            button.clicked.connect(lambda _checked=False, page=name: self.chosen.emit(page))
        self.status = StatusCard()
        head = QHBoxLayout()
        head.setContentsMargins(8, 0, 8, 0)
        head.setSpacing(10)
        head.addWidget(self._mark)
        head.addWidget(self._name, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 20, 12, 12)
        column.setSpacing(2)
        column.addLayout(head)
        column.addSpacing(16)
        column.addWidget(self.buttons["home"])
        column.addWidget(self.buttons["chat"])
        column.addStretch(1)
        column.addWidget(self.buttons["settings"])
        column.addSpacing(10)
        column.addWidget(self.status)

    def mark_page(self, name: str) -> None:
        self.buttons[name].setChecked(True)

    def render_texts(self, look: Look) -> None:
        self._mark.setPixmap(mark(28))
        self._name.setText(say("home.app"))
        for number, (name, button) in enumerate(self.buttons.items(), start=1):
            button.setText(say(f"home.nav.{name}"))
            keys = "Ctrl+," if name == "settings" else f"Ctrl+{number}"
            button.setToolTip(f"{button.text()} ({keys})")
        self.status.render_look(look)
