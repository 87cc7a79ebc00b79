"""The look: tokens become a palette, fonts and one style sheet for the whole application."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import (
    QAccessibilityHints,
    QColor,
    QFont,
    QFontDatabase,
    QGuiApplication,
    QPalette,
    QStyleHints,
)
from PySide6.QtWidgets import QApplication

from gui import language

_ASSETS = Path(__file__).resolve().parent.parent / "assets"
CHOICES = ("light", "dark", "system")
# Chinese after Latin: Inter has no Chinese, so each glyph comes from the first that has it.
_UI = ("Inter", "Microsoft YaHei UI", "PingFang SC", "Noto Sans CJK SC", "Segoe UI", "sans-serif")
_MONO = ("JetBrains Mono", "Cascadia Mono", "SF Mono", "Noto Sans Mono CJK SC", "monospace")


class _Watcher(QObject):
    """Its `changed` comes after every new look; widgets that paint themselves redraw."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.app: QApplication | None = None
        self.hints: QStyleHints | None = None
        self.access: QAccessibilityHints | None = None
        self.choice = "system"
        self.shown = "light"
        self.roles: dict[str, QColor] = {}
        self.applied: tuple[object, ...] = ()

    def refresh(self) -> None:
        """Looks again at the system, the choice and the language, and applies what they say."""
        if self.app is not None:
            apply(self.app, self.choice)


_watcher: _Watcher | None = None


def watcher() -> _Watcher:
    """Its `changed` comes after every change of the look."""
    global _watcher
    if _watcher is None:
        _watcher = _Watcher()
    return _watcher


@cache
def tokens() -> dict[str, Any]:
    """assets/theme/tokens.json: every colour role, size and duration."""
    found: dict[str, Any] = json.loads((_ASSETS / "theme" / "tokens.json").read_text("utf-8"))
    return found


def apply(app: QApplication, choice: str = "system") -> None:
    """Gives the application its look. Called again it changes what is different, or nothing."""
    state = watcher()
    if state.app is None:
        _start(app, state)
    state.choice = choice if choice in CHOICES else "system"
    state.shown = _wanted(state.choice)
    strong = _more_contrast()
    wanted = (state.shown, strong, language.current())
    if wanted == state.applied:
        return
    state.applied = wanted
    state.roles = _roles(state.shown, more_contrast=strong)
    app.setPalette(_palette(state.roles))
    app.setStyleSheet(_sheet(state.roles, state.shown, chinese=language.current() == "zh_CN"))
    state.changed.emit()


def color(role: str) -> QColor:
    """The colour of a role in the theme that is shown. Unknown roles are a mistake: KeyError."""
    state = watcher()
    if not state.roles:
        state.roles = _roles(state.shown, more_contrast=False)
    return QColor(state.roles[role])


def is_dark() -> bool:
    """Whether the dark theme is shown."""
    return watcher().shown == "dark"


def font(role: str = "body") -> QFont:
    """The font of a type role, for widgets that paint their own text."""
    kind = tokens()["type"][role]
    result = QFont(list(_MONO if role == "mono" else _UI))
    result.setPixelSize(round(kind["size"]))
    result.setWeight(QFont.Weight(_weight(kind["weight"])))
    tune(result, role)
    return result


def tune(target: QFont, role: str) -> None:
    """What a style sheet cannot say: letter spacing (none in Chinese) and figures of one width."""
    spacing = tokens()["type"].get(role, {}).get("letter_px", 0)
    if language.current() == "zh_CN":
        spacing = 0
    target.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, spacing)
    if role in ("figure", "caption", "mono"):
        target.setFeature(QFont.Tag("tnum"), 1)


def motion_ms(name: str) -> int:
    """A duration in ms by its token (`hover`, `expand`, …); 0 where the person wants no motion."""
    return 0 if reduced_motion() else int(tokens()["motion"][f"{name}_ms"])


def reduced_motion() -> bool:
    """Whether the system asks for less motion."""
    access = watcher().access
    return access is not None and "Reduced" in access.motionPreference().name


def _start(app: QApplication, state: _Watcher) -> None:
    state.app = app
    app.setStyle("Fusion")
    for file in sorted((_ASSETS / "fonts").glob("*.otf")):
        QFontDatabase.addApplicationFont(str(file))
    base = QFont(list(_UI))
    base.setPixelSize(14)
    app.setFont(base)
    # Both are kept: asked for again, PySide hands out wrappers that it believes deleted.
    state.hints = app.styleHints()
    state.access = state.hints.accessibility()
    state.hints.colorSchemeChanged.connect(state.refresh)
    state.access.contrastPreferenceChanged.connect(state.refresh)
    language.watcher().changed.connect(state.refresh)


def _wanted(choice: str) -> str:
    if choice != "system":
        return choice
    dark = QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
    return "dark" if dark else "light"


def _more_contrast() -> bool:
    access = watcher().access
    return access is not None and "High" in access.contrastPreference().name


def _roles(shown: str, *, more_contrast: bool) -> dict[str, QColor]:
    values = {name: entry["value"] for name, entry in tokens()["color"][shown].items()}
    if more_contrast:
        values["border"] = values["border-button"] = values["border-strong"]
        values["text-muted"] = values["text"]
    return {name: QColor(value) for name, value in values.items()}


def _weight(weight: int) -> int:
    """System Chinese fonts have no 600."""
    return 700 if language.current() == "zh_CN" and weight >= 600 else weight


def _sheet(roles: dict[str, QColor], shown: str, *, chinese: bool) -> str:
    names = {role: value.name() for role, value in roles.items()}
    names["font-family"] = ", ".join(f'"{name}"' for name in _UI)
    names["font-mono"] = ", ".join(f'"{name}"' for name in _MONO)
    for picture in ("chevron-down", "check"):
        file = _ASSETS / "theme" / f"{picture}-{shown}.svg"
        names[f"icon-{picture}"] = f'"{file.as_posix()}"'
    source = (_ASSETS / "theme" / "theme.qss.in").read_text("utf-8")
    sheet = re.sub(r"@([a-z][a-z0-9-]*)", lambda found: names[found[1]], source)
    return sheet.replace("font-weight: 600", "font-weight: 700") if chinese else sheet


def _palette(roles: dict[str, QColor]) -> QPalette:
    """The same colours for what the style draws itself (radio dots, cursors, links)."""
    role = QPalette.ColorRole
    result = QPalette()
    pairs = {
        role.Window: "bg", role.WindowText: "text", role.Base: "surface", role.Text: "text",
        role.AlternateBase: "surface-sunken", role.Button: "surface", role.ButtonText: "text",
        role.ToolTipBase: "surface-raised", role.ToolTipText: "text", role.Link: "accent",
        role.Highlight: "accent", role.HighlightedText: "on-accent", role.Accent: "accent",
        role.PlaceholderText: "text-muted", role.Mid: "border-strong", role.Dark: "border-strong",
        role.Light: "surface-raised", role.LinkVisited: "accent",
    }  # fmt: skip
    for where, name in pairs.items():
        result.setColor(where, roles[name])
    for where in (role.WindowText, role.Text, role.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, where, roles["text-disabled"])
    return result
