"""The one window: wizard or home, closing, quitting, unexpected errors, and a light start."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from core.assembly import Assembly, assemble
from core.domain import EndpointState, Status
from core.errors import AppError
from gui import crash, language
from gui.app import mend_input_method
from gui.coming import Coming
from gui.language import say
from gui.main_window import MainWindow
from gui.opening import Frame, peek
from gui.options import parse

# The offscreen platform has no other windows to come before.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support raise", extend=True)

_ROOT = Path(__file__).resolve().parents[2]


class Wizard(QWidget):
    finished = Signal(object)
    starter_ready = Signal(object)
    coming = Signal(object)

    def __init__(self, _assembly: Assembly) -> None:
        super().__init__()
        self.state = SimpleNamespace(page="welcome")
        self.done = 0

    def note_done(self) -> None:
        self.done += 1


class Home(QWidget):
    state_changed = Signal(object)
    setup_wanted = Signal()

    def __init__(self, _assembly: Assembly) -> None:
        super().__init__()
        self.calls: list[str] = []
        self.watch = SimpleNamespace(endpoint=None, look=lambda: None)
        self.coming: list[Coming | None] = []
        self.look = SimpleNamespace(plan=object())
        self.chat = SimpleNamespace(new_chat=lambda: self.calls.append("new_chat"))

    def show_page(self, name: str) -> None:
        self.calls.append(f"page {name}")

    def show_coming(self, coming: Coming | None) -> None:
        self.coming.append(coming)

    def start_model(self) -> None:
        self.calls.append("start")

    def stop_model(self) -> None:
        self.calls.append("stop")


@pytest.fixture
def assembly(tmp_path: Path) -> Assembly:
    return assemble({"DEEPBERTH_HOME": str(tmp_path / "home")})


@pytest.fixture
def quits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    asked: list[int] = []
    monkeypatch.setattr(QApplication, "exit", lambda code=0: asked.append(code))
    return asked


@pytest.fixture(autouse=True)
def _the_application_goes_on(qapp: QApplication) -> None:
    qapp.leaving = False  # type: ignore[attr-defined]


def _let_go(_widget: QWidget) -> None:
    """At the end of a test its windows close: that must not quit the application of all tests."""
    QApplication.instance().leaving = True  # type: ignore[union-attr]


def _window(qtbot: QtBot, assembly: Assembly) -> MainWindow:
    window = MainWindow(assembly, make_wizard=Wizard, make_home=Home)
    qtbot.addWidget(window, before_close_func=_let_go)
    with qtbot.waitSignal(window.first_frame, timeout=2000):
        window.show()
    return window


def test_the_first_start_of_all_shows_the_wizard_and_opens_no_journal(
    qtbot: QtBot, assembly: Assembly
) -> None:
    window = _window(qtbot, assembly)
    assert window.stack.currentWidget() is window.wizard
    assert window.home is None
    assert not (assembly.places.state / "journal.db").exists()


def test_a_finished_wizard_gives_way_to_home_now_and_at_the_next_start(
    qtbot: QtBot, assembly: Assembly
) -> None:
    window = _window(qtbot, assembly)
    window.wizard.finished.emit(None)
    assert window.stack.currentWidget() is window.home
    assert window.wizard is None
    qtbot.waitUntil(lambda: assembly.settings.wizard_done, timeout=2000)
    again = assemble({"DEEPBERTH_HOME": str(assembly.places.state)})
    assert _window(qtbot, again).home is not None


def test_what_the_command_line_set_up_counts(
    qtbot: QtBot, assembly: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    (assembly.places.state).mkdir(parents=True)
    (assembly.places.state / "journal.db").touch()
    for state, home in (("ready", True), ("stopped", True), ("setting_up", False)):
        journal = SimpleNamespace(
            current=lambda state=state: SimpleNamespace(state=state), pending=lambda: None
        )
        monkeypatch.setattr(assembly, "journal", journal)
        assert (_window(qtbot, assembly).home is not None) is home


@pytest.mark.parametrize(("page", "home"), [("setup", False), ("plan", True)])
def test_a_set_up_that_was_cut_off_goes_on_although_the_starter_answers(
    qtbot: QtBot, assembly: Assembly, monkeypatch: pytest.MonkeyPatch, page: str, home: bool
) -> None:
    assembly.save(replace(assembly.settings, wizard_page=page))
    (assembly.places.state / "journal.db").touch()
    ready, begun = SimpleNamespace(state="ready"), SimpleNamespace(state="setting_up")
    journal = SimpleNamespace(current=lambda: ready, pending=lambda: begun)
    monkeypatch.setattr(assembly, "journal", journal)
    assert (_window(qtbot, assembly).home is not None) is home


def test_the_starter_s_chat_comes_up_and_the_wizard_goes_on_behind_it(
    qtbot: QtBot, assembly: Assembly
) -> None:
    window = _window(qtbot, assembly)
    wizard, fetching = window.wizard, Coming(model="Tiny", state="fetching")
    wizard.coming.emit(fetching)
    wizard.starter_ready.emit(None)
    assert window.stack.currentWidget() is window.home
    assert window.wizard is wizard
    assert window.home.calls == ["page chat"]
    assert window.home.coming == [fetching]
    assert not assembly.settings.wizard_done
    wizard.coming.emit(Coming(model="Tiny", state="done"))
    assert wizard.done == 1
    window.home.setup_wanted.emit()
    assert window.stack.currentWidget() is wizard
    wizard.finished.emit(None)
    assert window.stack.currentWidget() is window.home
    assert window.home.coming[-1] is None
    qtbot.waitUntil(lambda: assembly.settings.wizard_done, timeout=2000)


@pytest.mark.usefixtures("logs_are_meant")
def test_a_journal_that_cannot_be_read_is_no_reason_not_to_start(
    qtbot: QtBot, assembly: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    assembly.places.state.mkdir(parents=True)
    (assembly.places.state / "journal.db").touch()

    def current() -> None:
        raise AppError("disk_fault")

    monkeypatch.setattr(assembly, "journal", SimpleNamespace(current=current))
    assert _window(qtbot, assembly).wizard is not None


def test_home_can_send_back_to_the_wizard(qtbot: QtBot, assembly: Assembly) -> None:
    assembly.settings = replace(assembly.settings, wizard_done=True)
    window = _window(qtbot, assembly)
    window.home.setup_wanted.emit()
    assert window.stack.currentWidget() is window.wizard


# --- closing ------------------------------------------------------------------------------------


def test_with_a_tray_closing_hides_and_says_so_once(
    qtbot: QtBot, assembly: Assembly, quits: list[int]
) -> None:
    told: list[str] = []
    window = _window(qtbot, assembly)
    window.tray = SimpleNamespace(  # type: ignore[assignment]
        there=True, tell=lambda title, sentence: told.append(title), update=lambda: None
    )
    for _ in range(2):
        window.close()
        assert not window.isVisible()
        window.come_forward()
        assert window.isVisible()
    assert told == [say("shell.hidden.title")]
    assert quits == []


def test_without_a_tray_closing_ends_the_program(
    qtbot: QtBot, assembly: Assembly, quits: list[int]
) -> None:
    window = _window(qtbot, assembly)
    window.close()
    assert quits == [0]


def test_without_a_tray_closing_while_setting_up_only_minimises(
    qtbot: QtBot, assembly: Assembly, quits: list[int]
) -> None:
    window = _window(qtbot, assembly)
    window.wizard.state.page = "setup"
    window.close()
    assert window.isMinimized()
    assert quits == []
    window.come_forward()
    assert not window.isMinimized()


def test_the_frame_passes_its_closing_on(
    qtbot: QtBot, assembly: Assembly, quits: list[int]
) -> None:
    frame = Frame("light")
    qtbot.addWidget(frame, before_close_func=_let_go)
    with qtbot.waitSignal(frame.first_frame, timeout=2000):
        frame.show()
    window = MainWindow(assembly, make_wizard=Wizard, make_home=Home)
    with qtbot.waitSignal(window.first_frame, timeout=2000):
        frame.hold(window)
    frame.resize(1200, 800)
    assert window.size() == frame.size()
    language.switch("zh_CN")
    assert frame.windowTitle() == say("app.name")
    frame.close()
    assert quits == [0]


# --- the tray's view ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "kind", "start", "stop"),
    [
        (None, "stopped", False, False),
        (EndpointState.STOPPED, "stopped", True, False),
        (EndpointState.STARTING, "starting", False, True),
        (EndpointState.LOADING, "starting", False, True),
        (EndpointState.RUNNING, "running-local", False, True),
        (EndpointState.FAILED, "warning", True, False),
        (EndpointState.UNKNOWN, "warning", True, False),
        (EndpointState.GONE, "stopped", False, False),
    ],
)
def test_tray_state_of_every_status(
    qtbot: QtBot,
    assembly: Assembly,
    state: EndpointState | None,
    kind: str,
    start: bool,
    stop: bool,
) -> None:
    assembly.settings = replace(assembly.settings, wizard_done=True)
    window = _window(qtbot, assembly)
    if state is not None:
        window.home.state_changed.emit(Status(state=state))
    seen = window.tray_state()
    assert (seen.kind, seen.can_start, seen.can_stop) == (kind, start, stop)
    assert seen.line
    assert not seen.line.startswith("[")


def test_the_tray_cannot_start_what_is_not_set_up(qtbot: QtBot, assembly: Assembly) -> None:
    assembly.settings = replace(assembly.settings, wizard_done=True)
    window = _window(qtbot, assembly)
    window.home.look.plan = None
    window.home.state_changed.emit(Status(state=EndpointState.STOPPED))
    assert not window.tray_state().can_start


def test_tray_entries_reach_the_home_window(qtbot: QtBot, assembly: Assembly) -> None:
    assembly.settings = replace(assembly.settings, wizard_done=True)
    window = _window(qtbot, assembly)
    window.start_tray()
    assert window.tray is not None
    window.tray.start_wanted.emit()
    window.tray.stop_wanted.emit()
    window.tray.new_chat_wanted.emit()
    assert window.home.calls == ["start", "stop", "page chat", "new_chat"]
    window.tray.hide()


# --- what nobody foresaw ------------------------------------------------------------------------


@pytest.mark.usefixtures("logs_are_meant")
def test_an_exception_of_any_thread_ends_on_a_card(qtbot: QtBot, assembly: Assembly) -> None:
    window = _window(qtbot, assembly)
    reporter = crash.catch_all(window.show_unexpected)
    try:
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
        qtbot.waitUntil(lambda: window._dialog is not None, timeout=2000)
        dialog = window._dialog
        assert dialog is not None
        error = dialog.card.error
        assert error is not None
        assert error.code == "unexpected"
        assert error.detail.startswith("ZeroDivisionError")
        dialog.reject()
        qtbot.waitUntil(lambda: window._dialog is None, timeout=2000)
        sys.excepthook(ValueError, ValueError("another"), None)
        qtbot.waitUntil(lambda: window._dialog is not None, timeout=2000)
    finally:
        reporter.release()


@pytest.mark.usefixtures("logs_are_meant")
def test_the_log_holds_no_secret(tmp_path: Path, qtbot: QtBot) -> None:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    crash.write_down(tmp_path / "logs")
    logging.getLogger("x").warning("key=%s and %s", "sk-abcdefghijklmnop1234", "plain")
    mine = [handler for handler in root.handlers if handler not in before]
    for handler in mine:
        handler.close()
        root.removeHandler(handler)
    root.setLevel(level)
    crash.let_go()
    written = (tmp_path / "logs" / "window.log").read_text("utf-8")
    assert "plain" in written
    assert "sk-abcdefghijklmnop1234" not in written


# --- the start ----------------------------------------------------------------------------------


def test_input_method(tmp_path: Path) -> None:
    env = {"QT_IM_MODULE": "fcitx5"}
    mend_input_method(env, tmp_path)
    assert env == {"QT_IM_MODULE": "ibus"}
    (tmp_path / "libfcitx5platforminputcontextplugin.so").touch()
    for name in ("fcitx", "ibus"):
        env = {"QT_IM_MODULE": name}
        mend_input_method(env, tmp_path)
        assert env == {"QT_IM_MODULE": name}


def test_the_command_line() -> None:
    assert parse([]).language is None
    found = parse(["--language", "zh_CN", "--theme", "dark"])
    assert (found.language, found.theme) == ("zh_CN", "dark")
    with pytest.raises(SystemExit) as ended:
        parse(["--theme", "pink"])
    assert ended.value.code == 2


def test_the_first_picture_has_the_theme_that_is_set(tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    assert peek(settings, None, True) == "dark"
    settings.write_text('{"theme": "light"}', "utf-8")
    assert peek(settings, None, True) == "light"
    assert peek(settings, "dark", False) == "dark"
    for broken in ("", "[]", "{", '{"theme": 3}'):
        settings.write_text(broken, "utf-8")
        assert peek(settings, None, False) == "light"


_LOOK = """
import json, sys
from gui import app, options
def tell(self, what):
    print(json.dumps([what, sorted(sys.modules)]), flush=True)
options.Options.tell = tell
sys.exit(app.run(["--first-frame-exit", "--language", "en"]))
"""


def _process(arguments: list[str], home: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=_ROOT,
        env={**os.environ, "DEEPBERTH_HOME": str(home), "QT_QPA_PLATFORM": "offscreen", **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_start_loads_nothing_heavy_before_the_first_frame(tmp_path: Path) -> None:
    done = _process(["-c", _LOOK], tmp_path)
    assert done.returncode == 0, done.stderr
    loaded = {what: set(names) for what, names in map(json.loads, done.stdout.splitlines())}
    outside = {"docker", "requests", "xllamacpp", "keyring", "pynvml", "markdown_it"}
    assert not outside & loaded["first_page_at_s"]
    more = {"babel", "msgspec", "psutil", "PySide6.QtNetwork", "gui.main_window", "core.domain"}
    assert not (outside | more) & loaded["first_frame_at_s"]


def test_a_second_start_of_the_program_goes_away_with_0(tmp_path: Path) -> None:
    first = subprocess.Popen(
        [sys.executable, "-m", "gui", "--language", "en"],
        cwd=_ROOT,
        env={**os.environ, "DEEPBERTH_HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"},
        stderr=subprocess.PIPE,
    )
    try:
        done: Any = None
        for _ in range(50):
            if (tmp_path / "window.sock").exists():
                done = _process(["-m", "gui"], tmp_path)
                break
            try:
                first.wait(0.2)
            except subprocess.TimeoutExpired:
                continue
            break
        assert done is not None, "the first start never listened"
        assert done.returncode == 0
        assert first.poll() is None
    finally:
        first.kill()
        first.communicate()


def test_no_screen_is_said_in_words(tmp_path: Path) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("only there a screen can be missing")
    env = {"QT_QPA_PLATFORM": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    done = _process(["-m", "gui"], tmp_path, **env)
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_the_engine_s_process_never_loads_qt() -> None:
    code = (
        "import sys; import core.providers.builtin_engine as engine; engine.main = lambda: 7\n"
        "from gui.__main__ import main\n"
        "code = main(['--builtin-engine'])\n"
        "print(code, any(name.startswith('PySide6') for name in sys.modules))"
    )
    done = _process(["-c", code], Path("unused"))
    assert done.stdout.split() == ["7", "False"], done.stderr


def test_a_state_folder_that_cannot_be_used_ends_on_a_card_with_4(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code = (
        "import sys\nfrom PySide6.QtCore import QTimer\nimport gui.inside as inside\n"
        "def broken(*_): raise inside.AppError('disk_fault', {'path': 'x'})\n"
        "inside.assemble = broken\n"
        "show = inside.Inside._cannot_start\n"
        "def shown(self, app, error):\n"
        "    show(self, app, error)\n"
        "    QTimer.singleShot(0, self.dialog.reject)\n"
        "inside.Inside._cannot_start = shown\n"
        "from gui.app import run\nsys.exit(run(['--language', 'en']))"
    )
    done = _process(["-c", code], tmp_path)
    assert done.returncode == 4, done.stderr
    assert "Traceback" not in done.stderr
