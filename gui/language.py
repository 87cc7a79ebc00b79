"""The language of the windows: which one it is, and who wants to know when it changes."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QObject, QTranslator, Signal

from core.text import LANGUAGES, Text, system_language
from gui.immortal import keep_true

keep_true()  # everything that signals imports this module


class _Watcher(QObject):
    changed = Signal()


_watcher: _Watcher | None = None
_text: Text | None = None
_translator: QTranslator | None = None


def watcher() -> _Watcher:
    """Its `changed` comes after every change of language."""
    global _watcher
    if _watcher is None:
        _watcher = _Watcher()
    return _watcher


def text() -> Text:
    """The sentences of the current language."""
    global _text
    if _text is None:
        _text = Text(system_language())
    return _text


def say(code: str, /, **params: object) -> str:
    """The sentence of a code in the current language."""
    return text()(code, **params)


def current() -> str:
    """`en` or `zh_CN`."""
    return text().language


def switch(language: str) -> None:
    """Changes the language of every window at once. `system` asks the computer."""
    global _text
    wanted = language if language in LANGUAGES else system_language()
    before = _text.language if _text else None
    _text = Text(wanted)
    _translate_qt(wanted)
    if wanted != before:
        watcher().changed.emit()


def _translate_qt(language: str) -> None:
    """Qt's own words (context menus, dialogs) and number formats follow."""
    global _translator
    QLocale.setDefault(QLocale(language))
    app = QCoreApplication.instance()
    if app is None:
        return
    if _translator is not None:
        app.removeTranslator(_translator)
        _translator = None
    if language != "en":
        translator = QTranslator(app)
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if translator.load(f"qtbase_{language}", folder):
            app.installTranslator(translator)
            _translator = translator
