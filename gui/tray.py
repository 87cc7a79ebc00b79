"""The icon near the clock. It reads the state when it is shown, and only signals what is wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from gui import icons, language, theme
from gui.language import say

_LOOK_AGAIN_MS = 5_000
_LOOKS = 12  # some desktops bring their tray up a while after the first programs


@dataclass(frozen=True, slots=True, kw_only=True)
class TrayState:
    """What the menu shows. `kind`: stopped, starting, running-local or warning."""

    kind: str = "stopped"
    line: str = ""
    detail: str = ""
    can_start: bool = False
    can_stop: bool = False
    can_chat: bool = False


class Tray(QObject):
    """Where there is no tray nothing happens: everything in it is also in the window."""

    start_wanted = Signal()
    stop_wanted = Signal()
    new_chat_wanted = Signal()
    open_wanted = Signal()
    quit_wanted = Signal()

    def __init__(self, state: Callable[[], TrayState], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._icon: QSystemTrayIcon | None = None
        self.menu = QMenu()
        self.menu.aboutToShow.connect(self._rebuild)
        self._looks = 0
        self._again = QTimer(self, interval=_LOOK_AGAIN_MS)
        self._again.timeout.connect(self._look)
        language.watcher().changed.connect(self.update)
        theme.watcher().changed.connect(self.update)
        self._rebuild()

    @property
    def there(self) -> bool:
        """Whether a person can see and click it right now."""
        return self._icon is not None and QSystemTrayIcon.isSystemTrayAvailable()

    def show(self) -> None:
        """Shows it as soon as the desktop has a place for it."""
        self._looks = 0
        self._again.start()
        self._look()

    def hide(self) -> None:
        self._again.stop()
        if self._icon is not None:
            self._icon.hide()
            self._icon = None

    def update(self) -> None:
        """Shows the state that the callback gives now."""
        state = self._state()
        if self._icon is not None:
            self._icon.setIcon(icons.tray_icon(state.kind))
            self._icon.setToolTip(say("shell.tray.tooltip", state=state.line))
        if not self.menu.isVisible():
            self._rebuild()

    def tell(self, title: str, sentence: str) -> None:
        """A message of the system, where there is a tray to send it from."""
        if self.there and self._icon is not None:
            self._icon.showMessage(title, sentence, self._icon.icon())

    def _look(self) -> None:
        self._looks += 1
        if QSystemTrayIcon.isSystemTrayAvailable():
            self._again.stop()
            self._icon = QSystemTrayIcon(self)
            self._icon.setContextMenu(self.menu)
            self._icon.activated.connect(self._clicked)
            self.update()
            self._icon.show()
        elif self._looks >= _LOOKS:
            self._again.stop()

    def _clicked(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in (
            QSystemTrayIcon.ActivationReason.Trigger,
            QSystemTrayIcon.ActivationReason.DoubleClick,
        ):
            self.open_wanted.emit()

    def _rebuild(self) -> None:
        state = self._state()
        self.menu.clear()
        for text in (state.line, state.detail):
            if text:
                self._add(text).setEnabled(False)
        self.menu.addSeparator()
        if state.can_stop:
            self._add(say("shell.tray.stop"), "stop", self.stop_wanted)
        else:
            start = self._add(say("shell.tray.start"), "play", self.start_wanted)
            start.setEnabled(state.can_start)
        chat = self._add(say("shell.tray.new_chat"), "chat", self.new_chat_wanted)
        chat.setEnabled(state.can_chat)
        self.menu.addSeparator()
        self._add(say("shell.tray.open"), "home", self.open_wanted)
        self._add(say("shell.tray.quit"), "power", self.quit_wanted)

    def _add(self, text: str, icon: str = "", signal: object = None) -> QAction:
        action = QAction(text, self.menu)
        if icon:
            action.setIcon(icons.icon(icon))
        if signal is not None:
            action.triggered.connect(lambda _checked=False: signal.emit())  # type: ignore[attr-defined]
        self.menu.addAction(action)
        return action
