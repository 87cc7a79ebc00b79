"""The language of the windows: ours and Qt's own words, and who is told of a change."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale

from gui import language
from gui.language import say


def test_switch_changes_every_word_at_once() -> None:
    told: list[str] = []
    language.watcher().changed.connect(lambda: told.append(say("shell.close")))
    language.switch("zh_CN")
    assert told == ["关闭"]
    assert language.current() == "zh_CN"
    language.switch("zh_CN")
    assert told == ["关闭"]
    language.switch("en")
    assert told == ["关闭", "Close"]


def test_qt_s_own_words_follow() -> None:
    def cancel() -> str:
        return QCoreApplication.translate("QPlatformTheme", "Cancel")

    language.switch("zh_CN")
    assert cancel() == "取消"
    assert QLocale().language() == QLocale.Language.Chinese
    language.switch("en")
    assert cancel() == "Cancel"


def test_an_unknown_language_is_the_system_s(monkeypatch: object) -> None:
    language.switch("fr")
    assert language.current() in ("en", "zh_CN")
