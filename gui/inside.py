"""What fills the frame once it is on the screen: settings, language, look, pages, tray."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication

from core.assembly import Assembly, assemble
from core.errors import AppError
from gui import crash, icons, language, tasks, theme
from gui.garbage import Collector
from gui.main_window import MainWindow
from gui.widgets.error_dialog import ErrorDialog

if TYPE_CHECKING:
    from gui.opening import Frame
    from gui.options import Options
    from gui.single_instance import SingleInstance


class Inside:
    """Everything that lives as long as the application; `app.py` keeps it and lets it go."""

    def __init__(
        self, app: QApplication, frame: Frame, guard: SingleInstance, options: Options
    ) -> None:
        self.frame = frame
        self.guard = guard
        self.options = options
        self.reporter: crash.Reporter | None = None
        self.dialog: ErrorDialog | None = None
        self._begin(app)

    def _begin(self, app: QApplication) -> None:
        try:
            assembly = assemble()
        except AppError as error:
            self._cannot_start(app, error)
            return
        crash.write_down(assembly.places.logs)
        self._dress(app, assembly)
        app.aboutToQuit.connect(tasks.cancel_all)
        self.window = MainWindow(assembly)
        self.window.first_frame.connect(lambda: self._after_first_page(app))
        self.reporter = crash.catch_all(self.window.show_unexpected)
        self.guard.raised.connect(self.window.come_forward)
        self.frame.hold(self.window)

    def release(self) -> None:
        """Gives back what outlives the event loop."""
        if self.reporter is not None:
            self.reporter.release()
        self.guard.release()

    def _dress(self, app: QApplication, assembly: Assembly) -> None:
        language.switch(self.options.language or assembly.settings.language)
        theme.apply(app, self.options.theme or assembly.settings.theme)
        name = partial(self._name, app)  # the system adds it to titles, so it follows the language
        language.watcher().changed.connect(name)
        name()

    @staticmethod
    def _name(app: QApplication) -> None:
        app.setApplicationDisplayName(language.say("app.name"))

    def _after_first_page(self, app: QApplication) -> None:
        """What a first look does not need: each of these loads a part of Qt of its own."""
        if self.options.first_frame_exit:
            self.options.tell("first_page_at_s")
            self.window.quit()
            return
        self.collector = Collector(app)
        from gui.widgets.focus_ring import FocusRing

        self.ring = FocusRing(app)
        app.setWindowIcon(icons.app_icon())
        self.guard.listen()
        self.window.start_tray()

    def _cannot_start(self, app: QApplication, error: AppError) -> None:
        """The state folder cannot be used: an error card is the whole program. Its button tries
        again; closing it exits with 4."""
        language.switch(self.options.language or "system")
        theme.apply(app, self.options.theme or "system")
        sys.stderr.write(language.text().error(error)["title"] + "\n")
        self.dialog = ErrorDialog(self.frame)
        self.dialog.show_error(error, lambda: self._begin(app))
        self.dialog.rejected.connect(lambda: app.exit(4))
        self.dialog.open()
