"""The first-run wizard: a rail, a stack of pages and a footer around one `WizardState`."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from core.assembly import Assembly
from core.setup import flow
from core.setup.flow import WizardPage, WizardState
from gui import language, theme
from gui.page import announce, has_focus_within
from gui.wizard.footer import FooterBar
from gui.wizard.pages import ORDER, make_page
from gui.wizard.rail import Rail
from gui.wizard.reading_order import set_reading_order
from gui.wizard.saver import Saver
from gui.wizard.setup import SetupPage
from gui.wizard.step import StepPage
from gui.wizard.welcome import WelcomePage

_MIN, _DEFAULT = (960, 640), (1080, 720)
_IDLE_MS = 150  # between two pages that are made ahead


class WizardWindow(QWidget):
    """Walks a person from the welcome to a model that answers.

    `finished` carries the Endpoint; whoever opened the wizard then shows the home window and
    notes in the settings that the first run is over. The page and the answers are saved at every
    turn, so leaving at any moment loses nothing.
    """

    finished = Signal(object)
    home_wanted = Signal()
    starter_ready = Signal(object)  # Endpoint: somebody would rather chat while the rest comes
    coming = Signal(object)  # Coming | None: how far the set-up is

    def __init__(self, assembly: Assembly, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("window")
        self.setMinimumSize(*_MIN)
        self.resize(*_DEFAULT)
        self.assembly = assembly
        settings = assembly.settings
        self.state = flow.resume(settings.wizard_page, settings.answers)
        self._saver = Saver(assembly, self)
        self.rail = Rail()
        self.footer = FooterBar()
        self.welcome = WelcomePage(assembly)
        self.pages: dict[WizardPage, StepPage] = {}
        self._lay_out()
        self._connect()
        self._came_up()
        self._idle = QTimer(self, singleShot=True, interval=_IDLE_MS)
        self._idle.timeout.connect(self._prepare_next)

    @property
    def page(self) -> StepPage | None:
        """The page that is up now; None on the welcome page, which has no footer and no rail."""
        return self.pages.get(self.state.page)

    def prepare(self, page: WizardPage) -> None:
        """Makes a page of the stack, if it is not there yet."""
        if page not in self.pages and page in ORDER:
            made = make_page(page, self.assembly)
            made.changed.connect(self.set_state)
            made.footer_changed.connect(self._show_footer)
            if isinstance(made, SetupPage):
                made.model_folder_chosen.connect(self._keep_models_in)
                made.starter_ready.connect(self.starter_ready)
                made.coming.connect(self.coming)
            self._walk_stack.addWidget(made)
            self.pages[page] = made

    def set_state(self, state: WizardState) -> None:
        """Shows a state, wherever it came from."""
        before, self.state = self.state, state
        if state.page is before.page:
            self.show_state()
            if not has_focus_within(self):
                self._set_focus()
        else:
            if page := self.pages.get(before.page):
                page.left()
            self._came_up()
        if state.page is not before.page or state.draft != before.draft:
            self._save()

    def show_state(self) -> None:
        """Renders everything that is visible."""
        self.setWindowTitle(language.say("wizard.window"))
        page = self.page
        if page is None:
            self.welcome.render()
            return
        page.show_state(self.state)
        self.rail.show_state(self.state, page.safety())
        self._show_footer()
        set_reading_order(self.rail, page, self.footer)

    def note_done(self) -> None:
        """The chosen model answers, and the person is somewhere else already."""
        self._saver.save(replace(self._saver.latest, wizard_done=True))

    def offer_home(self) -> None:
        """For a wizard that was opened from the home window: a way back without doing anything."""
        self.welcome.home.show()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._idle.start()
        # Lost where a window got another parent, or not taken while something else was shown.
        if self._focus_due or not has_focus_within(self):
            self._set_focus()

    # --- what the person does --------------------------------------------------------------

    def _next(self) -> None:
        page = self.page
        if page is None or (page.press_primary() and flow.can_continue(self.state)):
            after = flow.next_page(self.state)
            if after.page is WizardPage.DONE:
                self._finish(after)
            else:
                self.set_state(after)

    def _back(self) -> None:
        if self.page is not None and self.page.press_back():
            self.set_state(flow.back_page(self.state))

    def _secondary(self) -> None:
        if self.page is not None:
            self.page.press_secondary()

    def _link(self) -> None:
        if self.page is not None:
            self.page.press_link()

    def _go_to(self, page: WizardPage) -> None:
        self.set_state(flow.go_to(self.state, page))

    def _other_language(self) -> None:
        self._switch_language("en" if language.current() == "zh_CN" else "zh_CN")

    def _switch_language(self, to: Literal["en", "zh_CN"]) -> None:
        language.switch(to)
        self._saver.save(replace(self._saver.latest, language=to))

    def _keep_models_in(self, folder: str) -> None:
        self._saver.save(replace(self._saver.latest, model_folder=folder))

    def _finish(self, state: WizardState) -> None:
        self.state = state
        self.finished.emit(state.endpoint)

    # --- putting it together ---------------------------------------------------------------

    def _prepare_next(self) -> None:
        """Makes one more page while the person reads, so that no click has to wait for one."""
        missing = [page for page in ORDER if page not in self.pages]
        if missing:
            self.prepare(missing[0])
            self._idle.start()

    def _came_up(self) -> None:
        self.prepare(self.state.page)
        page = self.page
        self._stack.setCurrentWidget(self.welcome if page is None else self._walk)
        if page is not None:
            self._walk_stack.setCurrentWidget(page)
            page.to_top()
        self.show_state()
        if page is not None:
            page.entered()
        self._set_focus()
        if not self._behind:
            announce(self, self.welcome.title() if page is None else page.title())

    @property
    def _behind(self) -> bool:
        """Whether something else is shown in this place. A hidden widget takes the focus, too."""
        return self.parentWidget() is not None and self.isHidden()

    def _set_focus(self) -> None:
        self._focus_due = self._behind
        if self._focus_due:
            return
        page = self.page
        if page is None:
            self.welcome.look.setFocus()
            return
        footer = self.footer
        for widget in (page.first_focus(), footer.primary, footer.secondary, footer.back):
            if widget is not None and widget.isEnabled() and not widget.isHidden():
                widget.setFocus()
                return

    def _show_footer(self) -> None:
        page = self.page
        if page is None:
            return
        self.footer.show_footer(page.footer())
        self.rail.show_state(self.state, page.safety())
        waited = page.first_focus() is None and self.footer.back.hasFocus()
        if waited and self.footer.primary.isEnabled():
            self.footer.primary.setFocus()  # it was meant to have it and was off until now

    def _lay_out(self) -> None:
        self._walk_stack = QStackedWidget()
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self._walk_stack, 1)
        right.addWidget(self.footer)
        self._walk = QWidget()
        row = QHBoxLayout(self._walk)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addLayout(right, 1)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.welcome)
        self._stack.addWidget(self._walk)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._stack)

    def _connect(self) -> None:
        self.welcome.go_on.connect(self._next)
        self.welcome.home_wanted.connect(self.home_wanted)
        self.welcome.language_chosen.connect(self._switch_language)
        self.rail.step_pressed.connect(self._go_to)
        self.rail.language_pressed.connect(self._other_language)
        self.footer.back.clicked.connect(self._back)
        self.footer.link.clicked.connect(self._link)
        self.footer.secondary.clicked.connect(self._secondary)
        self.footer.primary.clicked.connect(self._next)
        language.watcher().changed.connect(self.show_state)
        theme.watcher().changed.connect(self.show_state)

    def _save(self) -> None:
        self._saver.save(
            replace(
                self._saver.latest, wizard_page=self.state.page.value, answers=self.state.answers
            )
        )
