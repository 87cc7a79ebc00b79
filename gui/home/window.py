"""The home window: sidebar, pages, and the one watch on the model that all of them share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from core.domain import Status
from core.errors import AppError
from gui import language, theme
from gui.chat.view import ChatView, Stream
from gui.coming import Coming
from gui.home.coming_note import ComingNote
from gui.home.home_page import HomePage
from gui.home.settings_page import SettingsPage
from gui.home.sidebar import PAGES, Sidebar
from gui.home.state import Look, Mood, look_of
from gui.home.watch import EngineWatch
from gui.language import say
from gui.page import Page, announce, has_focus_within
from gui.remedies import Ask, Way, ask_folder, way
from gui.theme import tokens


class HomeWindow(Page):
    """`assembly` is core.assembly.Assembly. `serve`, `stream` and `ask_folder` are for tests."""

    state_changed = Signal(object)  # Status
    setup_wanted = Signal()

    def __init__(
        self,
        assembly: Any,
        parent: QWidget | None = None,
        *,
        serve: Any = None,
        stream: Stream | None = None,
        ask_folder: Ask = ask_folder,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("window")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumSize(*tokens()["size"]["window_min"])
        self._assembly = assembly
        self._ask_folder = ask_folder
        self._unsaved: dict[str, Any] = {}  # the change of settings that failed last
        self.acts: dict[Way, Callable[[], object]] = {
            Way.REPORT: lambda: None,
            Way.RETRY: self._retry,
            Way.START: self._start_again,
            Way.SETUP: self.setup_wanted.emit,
            Way.PLAN: self.setup_wanted.emit,
            Way.BUILTIN: self.setup_wanted.emit,
            Way.FOLDER: self._other_folder,
            Way.FILE: self.setup_wanted.emit,
            Way.CHAT: self._new_chat,
        }
        self._look = Look(mood=Mood.LOOKING)
        self.watch = EngineWatch(assembly, self, serve=serve)
        self.sidebar = Sidebar()
        self.coming = ComingNote()
        self.home_page = HomePage()
        self.chat = ChatView(stream=stream)
        self.settings_page = SettingsPage(
            model_folder=str(assembly.settings.model_folder or assembly.places.models),
            overridden=assembly.places.overridden,
        )
        self.settings_page.show_choices(assembly.settings.language, assembly.settings.theme)
        self._pages: dict[str, Page] = dict(
            zip(PAGES, (self.home_page, self.chat, self.settings_page), strict=True)
        )
        self._stack = QStackedWidget()
        for page in self._pages.values():
            self._stack.addWidget(page)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.sidebar)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.coming)
        right.addWidget(self._stack, 1)
        row.addLayout(right, 1)
        self._connect()
        self.render()
        self.show_page("home")
        self.watch.look()

    def _connect(self) -> None:
        self.watch.changed.connect(self._look_changed)
        self.watch.looked.connect(self._looked)
        self.watch.failed.connect(self._act_failed)
        self.watch.progressed.connect(self.home_page.show_progress)
        self.watch.removed.connect(self.home_page.show_receipt)
        self.sidebar.chosen.connect(self.show_page)
        self.coming.pressed.connect(self.setup_wanted)
        self.sidebar.status.start_pressed.connect(self.watch.start)
        self.sidebar.status.stop_pressed.connect(self.watch.stop)
        home = self.home_page
        home.start_wanted.connect(self.watch.start)
        home.stop_wanted.connect(self.watch.stop)
        home.chat_wanted.connect(lambda: self.show_page("chat"))
        home.setup_wanted.connect(self.setup_wanted)
        home.remedy_chosen.connect(self._remedy)
        self.chat.answered.connect(home.add_answer)
        self.chat.remedy_wanted.connect(self._remedy)
        settings = self.settings_page
        settings.language_chosen.connect(self._set_language)
        settings.theme_chosen.connect(self._set_theme)
        settings.remove_wanted.connect(self._remove)
        settings.error_card.remedy_chosen.connect(self._settings_remedy)
        for number, name in enumerate(("home", "chat"), start=1):
            self._shortcut(f"Ctrl+{number}", name)
        self._shortcut("Ctrl+,", "settings")

    def _shortcut(self, keys: str, page: str) -> None:
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.activated.connect(lambda: self.show_page(page))

    # --- what others call -------------------------------------------------------------------------

    def show_page(self, name: str) -> None:
        """home, chat or settings. Focus goes to the page's first control."""
        page = self._pages[name]
        self._stack.setCurrentWidget(page)
        self.sidebar.mark_page(name)
        self._focus_first(name)
        announce(self, page.title())

    def _focus_first(self, name: str | None = None) -> None:
        name = name or self.page
        if name == "chat":
            self.chat.focus_first()
        elif name == "settings":
            self.settings_page.focus_first()
        elif not self.home_page.hero.focus_first():
            self.sidebar.buttons["home"].setFocus()

    def show_coming(self, coming: Coming | None) -> None:
        """Another model is on its way, in the background; None once it is not."""
        before = self.coming.under_way
        self.coming.show_coming(coming)
        if self.coming.under_way is not before:
            self._show_removable()
        if coming is not None and coming.state == "starting":
            self.chat.break_off()  # before its engine goes: this is no failure

    @property
    def page(self) -> str:
        """The name of the page that is shown."""
        return next(name for name, page in self._pages.items() if page.isVisibleTo(self))

    @property
    def look(self) -> Look:
        return self._look

    def start_model(self) -> None:
        """For the tray: like the Start button."""
        self.watch.start()

    def stop_model(self) -> None:
        """For the tray: like the Stop button."""
        self.watch.stop()

    def title(self) -> str:
        return say("home.app")

    def render(self) -> None:  # type: ignore[override]
        self.setWindowTitle(say("home.app"))
        self.sidebar.render_texts(self._look)

    # --- the state of the model -------------------------------------------------------------------

    def _look_changed(self) -> None:
        watch = self.watch
        look = look_of(watch.plan, watch.endpoint, watch.status, watch.acting, watch.look_error)
        moved = look.mood is not self._look.mood
        self._look = look
        self.home_page.show_look(look, datetime.now().astimezone())
        self._show_removable()
        self.chat.set_endpoint(watch.endpoint if look.mood is Mood.RUNNING else None)
        self.render()
        if moved:
            announce(self, say(f"home.state.{look.mood}"))
        if (status := told_status(look)) is not None:
            self.state_changed.emit(status)

    def _show_removable(self) -> None:
        look = self._look
        there = look.plan is not None and not look.busy
        self.settings_page.show_removable(there, coming=self.coming.under_way)

    def _looked(self) -> None:
        self.home_page.show_time(datetime.now().astimezone())

    def _act_failed(self, error: AppError) -> None:
        self.home_page.show_error(error)
        self.show_page("home")

    def _remedy(self, code: str) -> None:
        """The button of an error card."""
        if way(code) is not Way.REPORT:
            self.home_page.clear_error()
        self.acts[way(code)]()

    def _retry(self) -> None:
        if self._look.mood is Mood.STOPPED:
            self.watch.start()
        else:
            self.watch.look()

    def _start_again(self) -> None:
        if self._look.mood is Mood.STOPPED:
            self.watch.start()
        else:
            self.watch.restart()

    def _other_folder(self) -> None:
        """Takes another folder for models, then leads to the set-up that will use it."""
        folder = self._ask_folder(self, self._assembly.model_folder)
        if folder and self._save(model_folder=folder):
            self.settings_page.show_folder(folder)
            self.setup_wanted.emit()

    def _new_chat(self) -> None:
        self.show_page("chat")
        self.chat.new_chat()

    # --- settings ---------------------------------------------------------------------------------

    def _set_language(self, chosen: str) -> None:
        if self._save(language=chosen):
            language.switch(chosen)

    def _set_theme(self, chosen: str) -> None:
        app = QApplication.instance()
        if self._save(theme=chosen) and isinstance(app, QApplication):
            theme.apply(app, chosen)

    def _save(self, **changes: Any) -> bool:
        settings = self._assembly.settings
        try:
            self._assembly.save(replace(settings, **changes))
        except AppError as error:
            self._unsaved = changes
            self.settings_page.show_choices(settings.language, settings.theme)
            self.settings_page.show_error(error)
            return False
        self.settings_page.show_error(None)
        return True

    def _settings_remedy(self, code: str) -> None:
        """Whatever was mended outside: the same change once more."""
        if way(code) is Way.REPORT:
            return
        changes = self._unsaved
        if "language" in changes:
            self._set_language(changes["language"])
        elif "theme" in changes:
            self._set_theme(changes["theme"])
        else:
            self._save(**changes)

    def _remove(self, what: str) -> None:
        self.show_page("home")
        self.watch.remove(models=what == "with_files")

    # --- while nobody looks -----------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.watch.set_quiet(False)
        if not has_focus_within(self):  # lost where a window got another parent
            self._focus_first()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.watch.set_quiet(True)


def told_status(look: Look) -> Status | None:
    """The state for the tray: what was seen, or what an act is about to make of it."""
    from core.domain import EndpointState

    if look.mood is Mood.STARTING:
        return Status(state=EndpointState.STARTING)
    if look.mood in (Mood.EMPTY, Mood.HALF, Mood.REMOVING):
        return Status(state=EndpointState.STOPPED)
    return look.status
