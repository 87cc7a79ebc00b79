"""The first page: what the app does, what it promises, and one button."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from core.assembly import ASSETS, Assembly
from core.text import LANGUAGES
from gui import language, theme
from gui.icons import pixmap
from gui.language import say
from gui.page import Page
from gui.widgets.buttons import Button
from gui.widgets.choices import Segments
from gui.widgets.labels import Label, Tile
from gui.wizard.rail import Brand

_PROMISES = (("shield-check", "look"), ("coin-dollar", "price"), ("rollback", "undo"))
_FACTS = (("user", "account"), ("lock", "private"))
_LEAD_MAX = 470  # px, a line that is pleasant to read
_PANE_SHARE = 0.4  # of the window's width


class WelcomePage(Page):
    """Nothing has been looked at yet, and nothing is until `go_on`."""

    go_on = Signal()
    home_wanted = Signal()
    language_chosen = Signal(object)

    def __init__(self, assembly: Assembly, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.assembly = assembly
        self.brand = Brand()
        self.languages = Segments(LANGUAGES)
        self.languages.setObjectName("languages")
        self.languages.chosen.connect(self.language_chosen)
        self._title = Label("display")
        self._lead = Label("muted")
        self._lead.setMaximumWidth(_LEAD_MAX)
        self._promises = [_Promise(name) for name, _ in _PROMISES]
        self._facts = [(QLabel(), Label("caption")) for _ in _FACTS]
        self.look = Button("primary", "large", "arrow-right", trailing=True)
        self.look.setObjectName("primary")
        self.look.clicked.connect(self.go_on)
        self.home = Button("quiet", "large", "home")
        self.home.setObjectName("to-home")
        self.home.clicked.connect(self.home_wanted)
        self.home.hide()  # on a first run there is none
        self.harbour = Harbour()
        self._lay_out()
        self.render()

    def title(self) -> str:
        return say("page.welcome.title")

    def render(self) -> None:  # type: ignore[override]
        self.brand.render_brand()
        self.languages.set_texts({code: say(f"wizard.language.{code}") for code in LANGUAGES})
        self.languages.set_value(language.current())
        self.languages.setAccessibleName(say("wizard.language.choose"))
        self._title.setText(say("page.welcome.title"))
        self._lead.setText(say("page.welcome.lead"))
        for promise, (_, name) in zip(self._promises, _PROMISES, strict=True):
            promise.say(say(f"page.welcome.{name}"), say(f"page.welcome.{name}.more"))
        for (picture, label), (name, code) in zip(self._facts, _FACTS, strict=True):
            picture.setPixmap(pixmap(name, "text-muted", 14))
            label.setText(say(f"page.welcome.fact.{code}"))
        self.look.setText(say("page.welcome.go"))
        self.home.setText(say("page.welcome.home"))
        self.harbour.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.harbour.setFixedWidth(round(self.width() * _PANE_SHARE))
        super().resizeEvent(event)

    def _lay_out(self) -> None:
        left = QVBoxLayout()
        left.setContentsMargins(56, 21, 48, 28)
        left.setSpacing(0)
        top = QHBoxLayout()
        top.addWidget(self.brand, 1)
        top.addWidget(self.languages)
        left.addLayout(top)
        left.addStretch(3)
        left.addWidget(self._title)
        left.addSpacing(14)
        left.addWidget(self._lead)
        left.addSpacing(28)
        for promise in self._promises:
            left.addWidget(promise)
            left.addSpacing(20)
        left.addSpacing(12)
        go = QHBoxLayout()
        go.addWidget(self.look)
        go.addSpacing(8)
        go.addWidget(self.home)
        go.addStretch(1)
        left.addLayout(go)
        left.addStretch(3)
        facts = QHBoxLayout()
        facts.setSpacing(6)
        for picture, label in self._facts:
            label.setWordWrap(False)
            facts.addWidget(picture)
            facts.addWidget(label)
            facts.addSpacing(14)
        facts.addStretch(1)
        left.addLayout(facts)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(left, 1)
        row.addWidget(self.harbour)


class _Promise(QWidget):
    """A tile, a promise in bold, and what it means."""

    def __init__(self, icon_name: str) -> None:
        super().__init__()
        self._tile = Tile(icon_name, "accent")
        self._strong = Label("strong")
        self._more = Label("caption")
        texts = QVBoxLayout()
        texts.setSpacing(3)
        texts.addWidget(self._strong)
        texts.addWidget(self._more)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addWidget(self._tile, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(texts, 1)

    def say(self, strong: str, more: str) -> None:
        self._strong.setText(strong)
        self._more.setText(more)


class Harbour(QWidget):
    """The picture. It fills its pane from the bottom left and is cut at the right and the top."""

    _LEFT = 26 / 480  # of the picture's width lies outside of the pane

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._drawn: dict[str, QSvgRenderer] = {}

    def paintEvent(self, event: QPaintEvent) -> None:
        name = "dark" if theme.is_dark() else "light"
        if name not in self._drawn:
            source = (ASSETS / "illustrations" / f"harbour-{name}.svg").read_bytes()
            self._drawn[name] = QSvgRenderer(QByteArray(source))
        picture = self._drawn[name]
        size = picture.defaultSize()
        scale = max(self.height() / size.height(), self.width() / (size.width() * (1 - self._LEFT)))
        width, height = size.width() * scale, size.height() * scale
        area = QRectF(-width * self._LEFT, self.height() - height, width, height)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        picture.render(painter, area)
