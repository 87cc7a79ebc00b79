"""Where the windows are put together: one application, one instance, one look, one language."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent, QLibraryInfo, QTimer
from PySide6.QtWidgets import QApplication

from core.assembly import Assembly, assemble
from core.errors import AppError
from gui import crash, icons, language, tasks, theme
from gui.main_window import MainWindow
from gui.single_instance import SingleInstance
from gui.widgets.focus_ring import FocusRing


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line may ask of the windows; None leaves it to the settings."""

    language: str | None = None
    theme: str | None = None
    first_frame_exit: bool = False


class App(QApplication):
    """Knows when the system asks the whole program to end (Cmd+Q, log out): no window may hide."""

    leaving = False

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Quit:
            self.leaving = True
        return super().event(event)


def run(arguments: list[str]) -> int:
    """Runs the windows until they are quit. Returns the exit code of the process."""
    options = parse(arguments)
    mend_input_method(os.environ, _input_plugins())
    app = App(sys.argv[:1])
    app.setApplicationName("deepberth")
    app.setDesktopFileName("deepberth")
    app.setQuitOnLastWindowClosed(False)  # closing may only hide; MainWindow decides
    try:
        assembly = assemble()
    except AppError as error:
        return _cannot_start(app, options, error)
    guard = SingleInstance(assembly.places.state)
    if not guard.claim():
        guard.ask_first()
        return 0
    crash.write_down(assembly.places.logs)
    _dress(app, options, assembly)
    window = MainWindow(assembly)
    guard.raised.connect(window.come_forward)
    reporter = crash.catch_all(window.show_unexpected)
    ring = FocusRing(app)
    app.aboutToQuit.connect(tasks.cancel_all)
    window.first_frame.connect(lambda: _after_first_frame(window, options))
    window.show()
    code = app.exec()
    reporter.release()
    guard.release()
    ring.setWidget(None)  # type: ignore[arg-type]
    return code


def parse(arguments: list[str]) -> Options:
    """Exits with 2 and a usage line for what it does not know."""
    if not arguments:
        return Options()
    import argparse

    from core.text import LANGUAGES

    parser = argparse.ArgumentParser(prog="deepberth-window")
    parser.add_argument("--language", choices=LANGUAGES)
    parser.add_argument("--theme", choices=theme.CHOICES)
    parser.add_argument("--first-frame-exit", action="store_true", help=argparse.SUPPRESS)
    found = parser.parse_args(arguments)
    return Options(
        language=found.language, theme=found.theme, first_frame_exit=found.first_frame_exit
    )


def mend_input_method(environ: os._Environ[str] | dict[str, str], plugins: Path) -> None:
    """Chinese input on Linux: Qt's wheel has no fcitx plugin, but fcitx speaks ibus as well."""
    wanted = environ.get("QT_IM_MODULE", "")
    if wanted.startswith("fcitx") and not list(plugins.glob("*fcitx*")):
        environ["QT_IM_MODULE"] = "ibus"


def _input_plugins() -> Path:
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)
    return Path(folder) / "platforminputcontexts"


def _dress(app: QApplication, options: Options, assembly: Assembly) -> None:
    language.switch(options.language or assembly.settings.language)
    theme.apply(app, options.theme or assembly.settings.theme)
    app.setApplicationDisplayName(language.say("app.name"))
    app.setWindowIcon(icons.app_icon())


def _after_first_frame(window: MainWindow, options: Options) -> None:
    """What a first look does not need: the tray, and the benchmark's answer."""
    if options.first_frame_exit:
        import json
        import time

        sys.stdout.write(json.dumps({"first_frame_at_s": time.time()}) + "\n")
        sys.stdout.flush()
        window.quit()
        return
    window.start_tray()


def _cannot_start(app: QApplication, options: Options, error: AppError) -> int:
    """The state folder cannot be used: an error card is the whole window. Exit 4."""
    from gui.widgets.error_dialog import ErrorDialog

    language.switch(options.language or "system")
    theme.apply(app, options.theme or "system")
    dialog = ErrorDialog()
    dialog.show_error(error)
    if options.first_frame_exit:
        QTimer.singleShot(0, dialog.reject)
    dialog.exec()
    return 4
