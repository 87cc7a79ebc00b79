"""The start of the windows: one application, one instance, a frame at once, then what fills it."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

from PySide6.QtCore import QEvent, QLibraryInfo
from PySide6.QtWidgets import QApplication

from core.edges.places import read_places
from gui.opening import Frame, looks_dark, peek
from gui.options import Options, parse
from gui.single_instance import SingleInstance


class App(QApplication):
    """Knows when the system asks the whole program to end (Cmd+Q, log out): no window may hide."""

    leaving = False

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Quit:
            self.leaving = True
        return super().event(event)


def run(arguments: list[str]) -> int:
    """Runs the windows until they are quit. Returns the exit code of the process."""
    gc.disable()  # nothing is garbage yet; later gui.garbage collects
    options = parse(arguments)
    mend_input_method(os.environ, _input_plugins())
    app = App(sys.argv[:1])
    app.setApplicationName("deepberth")
    app.setDesktopFileName("deepberth")
    app.setQuitOnLastWindowClosed(False)  # closing may only hide; MainWindow decides
    places = read_places()
    guard = SingleInstance(places.state)
    if not guard.claim():
        guard.ask_first()
        return 0
    frame = Frame(peek(places.state / "settings.json", options.theme, looks_dark()))
    kept: list[object] = []
    frame.first_frame.connect(lambda: kept.append(_fill(app, frame, guard, options)))
    frame.show()
    code = app.exec()
    for inside in kept:
        inside.release()  # type: ignore[attr-defined]
    return code


def _fill(app: App, frame: Frame, guard: SingleInstance, options: Options) -> object:
    if options.first_frame_exit:
        options.tell("first_frame_at_s")
    from gui.inside import Inside  # nearly all of the program is loaded here

    return Inside(app, frame, guard, options)


def mend_input_method(environ: os._Environ[str] | dict[str, str], plugins: Path | None) -> None:
    """Chinese input on Linux: Qt's wheel has no fcitx plugin, but fcitx speaks ibus as well."""
    wanted = environ.get("QT_IM_MODULE", "")
    if not wanted.startswith("fcitx"):
        return
    if plugins is None or not list(plugins.glob("*fcitx*")):
        environ["QT_IM_MODULE"] = "ibus"


def _input_plugins() -> Path | None:
    if not sys.platform.startswith("linux"):
        return None
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)
    return Path(folder) / "platforminputcontexts"
