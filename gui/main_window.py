"""The one window: the first-run wizard until it is done, then the home window in its place."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QApplication, QStackedWidget, QVBoxLayout, QWidget

from core.assembly import Assembly
from core.domain import EndpointState, Status
from core.errors import AppError
from gui import language, theme
from gui.coming import Coming
from gui.language import say
from gui.tasks import Task
from gui.tray import Tray, TrayState
from gui.widgets.error_dialog import ErrorDialog

_log = logging.getLogger(__name__)
_SETUP, _DONE = "setup", "done"  # pages of the wizard, as the settings name them
_STARTING = (EndpointState.STARTING, EndpointState.LOADING)


class MainWindow(QWidget):
    """Shows the wizard or the home window. Closing it never stops the model."""

    first_frame = Signal()

    def __init__(
        self,
        assembly: Assembly,
        parent: QWidget | None = None,
        *,
        make_wizard: Callable[[Assembly], QWidget] | None = None,
        make_home: Callable[[Assembly], QWidget] | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("window")
        self.assembly = assembly
        self._make_wizard = make_wizard or _wizard
        self._make_home = make_home or _home
        self.wizard: Any = None
        self.home: Any = None
        self.tray: Tray | None = None
        self.status: Status | None = None
        self._coming: Coming | None = None  # what the wizard sets up in the background
        self._painted = False
        self._told_hidden = False
        self._dialog: ErrorDialog | None = None
        self.stack = QStackedWidget()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.stack)
        self.setMinimumSize(*theme.tokens()["size"]["window_min"])
        QShortcut(QKeySequence(QKeySequence.StandardKey.Quit), self, self.quit)
        language.watcher().changed.connect(self._name)
        self._name()
        if self._is_set_up():
            self.show_home()
        else:
            self.show_wizard()

    # --- what is shown ----------------------------------------------------------------------

    def show_wizard(self) -> None:
        """The first run, from the page where it was left."""
        if self.wizard is None:
            self.wizard = self._make_wizard(self.assembly)
            self.wizard.finished.connect(self._wizard_finished)
            self.wizard.starter_ready.connect(self._starter_ready)
            self.wizard.coming.connect(self._something_comes)
            if self.home is not None and hasattr(self.wizard, "offer_home"):
                self.wizard.offer_home()
                self.wizard.home_wanted.connect(self.show_home)
            self.stack.addWidget(self.wizard)
        self.stack.setCurrentWidget(self.wizard)

    def show_home(self, page: str | None = None) -> None:
        """The home window, at one of its pages if named."""
        if self.home is None:
            self.home = self._make_home(self.assembly)
            self.home.state_changed.connect(self._state_changed)
            if hasattr(self.home, "setup_wanted"):
                self.home.setup_wanted.connect(self.show_wizard)
            self.home.show_coming(self._coming)
            self.stack.addWidget(self.home)
        self.stack.setCurrentWidget(self.home)
        if page is not None:
            self.home.show_page(page)

    def come_forward(self) -> None:
        """Shows the window, wherever it was: hidden, minimised or behind others."""
        window = self.window()
        if window.isMinimized():
            window.showNormal()
        window.show()
        window.raise_()
        window.activateWindow()

    def show_unexpected(self, error: AppError, again: Callable[[], object] | None = None) -> None:
        """A card over whatever is there, for an error that no page was waiting for."""
        if self._dialog is None:
            self._dialog = ErrorDialog(self)
            self._dialog.finished.connect(self._dialog_gone)
        self._dialog.show_error(error, again)
        self._dialog.open()

    # --- the tray ---------------------------------------------------------------------------

    def start_tray(self) -> None:
        """Puts the icon near the clock, where there is a place for it."""
        self.tray = Tray(self.tray_state, self)
        self.tray.open_wanted.connect(self.come_forward)
        self.tray.quit_wanted.connect(self.quit)
        self.tray.new_chat_wanted.connect(self._new_chat)
        self.tray.start_wanted.connect(lambda: self._ask_home("start_model"))
        self.tray.stop_wanted.connect(lambda: self._ask_home("stop_model"))
        self.tray.show()

    def tray_state(self) -> TrayState:
        """What the tray's menu says right now."""
        if self.home is None:
            kind = "starting" if self._setting_up() else "stopped"
            code = "setting_up" if self._setting_up() else "not_set_up"
            return TrayState(kind=kind, line=say(f"shell.tray.{code}"))
        state = self.status.state if self.status else None
        if state is EndpointState.RUNNING:
            line, detail = say("shell.tray.running"), self._model_name()
            return TrayState(
                kind="running-local", line=line, detail=detail, can_stop=True, can_chat=True
            )
        if state in _STARTING:
            line, detail = say("shell.tray.starting"), self._model_name()
            return TrayState(kind="starting", line=line, detail=detail, can_stop=True)
        if state in (EndpointState.FAILED, EndpointState.UNKNOWN):
            return TrayState(kind="warning", line=say("shell.tray.needs_you"), can_start=True)
        stopped = say("shell.tray.stopped")
        can_start = state is EndpointState.STOPPED and self.home.look.plan is not None
        return TrayState(line=stopped, detail=say("shell.tray.no_cost"), can_start=can_start)

    # --- going away -------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:
        """With a tray: hide. Without one: minimise while setting up, else quit."""
        if getattr(QApplication.instance(), "leaving", False):
            event.accept()
            return
        event.ignore()
        if self.tray is not None and self.tray.there:
            self.window().hide()
            if not self._told_hidden:
                self._told_hidden = True
                self.tray.tell(say("shell.hidden.title"), say("shell.hidden.sentence"))
        elif self._setting_up():
            self.window().showMinimized()
        else:
            self.quit()

    def quit(self) -> None:
        """Ends the program. A model that runs goes on: it is a process of its own."""
        if self.tray is not None:
            self.tray.hide()
        self.window().hide()
        QApplication.exit(0)  # not quit(): that asks each window again, and ours would hide

    # --- inside -----------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self._first_paint)

    def _first_paint(self) -> None:
        self.window().repaint()  # paints now, children and all, so that the next line is true
        self.first_frame.emit()

    def _name(self) -> None:
        self.setWindowTitle(say("app.name"))

    def _is_set_up(self) -> bool:
        settings = self.assembly.settings
        if settings.wizard_done or settings.wizard_page == _DONE:
            return True
        if not (self.assembly.places.state / "journal.db").exists():
            return False  # the first start of all: no need to open anything
        try:
            deployment = self.assembly.journal.current()
            pending = self.assembly.journal.pending()
        except AppError as error:
            _log.warning("The journal could not be read at the start: %s", error)
            return False
        if deployment is None or deployment.state not in ("ready", "stopped"):
            return False
        # The starter was to shorten the wait for another model: that set-up goes on.
        return settings.wizard_page != _SETUP or pending is None

    def _starter_ready(self, _endpoint: object) -> None:
        """Chats while the wizard goes on in the background: it stays where it is."""
        self.show_home("chat")
        self.home.watch.look()

    def _something_comes(self, coming: Coming | None) -> None:
        self._coming = coming
        if self.home is None:
            return
        self.home.show_coming(coming)
        if coming is not None and coming.state == "done" and not self._in_wizard():
            self.wizard.note_done()
            self.home.watch.look()

    def _in_wizard(self) -> bool:
        return self.wizard is not None and self.stack.currentWidget() is self.wizard

    def _wizard_finished(self, _endpoint: object) -> None:
        self._keep_done()
        self._coming = None
        self.show_home("chat")  # the first thing to do with a model that answers
        self.home.show_coming(None)
        wizard, self.wizard = self.wizard, None
        self.stack.removeWidget(wizard)
        wizard.deleteLater()

    def _keep_done(self) -> None:
        """Notes that the first run is over; the next start then opens the home window."""
        done = replace(self.assembly.settings, wizard_done=True, wizard_page=_DONE)
        save = Task(lambda _report, _token: self.assembly.save(done), self)
        save.failed.connect(lambda error: self.show_unexpected(error, self._keep_done))
        save.start()

    def _state_changed(self, status: Status) -> None:
        self.status = status
        if self.tray is not None:
            self.tray.update()

    def _setting_up(self) -> bool:
        """Whether the wizard may be at work on something that must not end with the window."""
        return self.wizard is not None and str(self.wizard.state.page) == _SETUP

    def _model_name(self) -> str:
        endpoint = self.home.watch.endpoint
        return "" if endpoint is None else language.text().model(endpoint.model)

    def _new_chat(self) -> None:
        self.show_home("chat")
        self.home.chat.new_chat()
        self.come_forward()

    def _ask_home(self, method: str) -> None:
        if self.home is not None:
            getattr(self.home, method)()

    def _dialog_gone(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None


def _wizard(assembly: Assembly) -> QWidget:
    from gui.wizard.window import WizardWindow

    return WizardWindow(assembly)


def _home(assembly: Assembly) -> QWidget:
    from gui.home.window import HomeWindow

    return HomeWindow(assembly)
