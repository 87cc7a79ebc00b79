"""The chat page, driven as a person does it: type, Enter, watch, stop, copy, ask again."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QInputMethodEvent, QKeyEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from core.domain import ChatDelta
from core.errors import AppError
from gui import language, theme
from gui.chat.composer import Editor
from gui.chat.conversation import AnswerState
from gui.chat.link_dialog import LinkDialog
from gui.chat.turn import TurnWidget
from gui.chat.view import ChatView
from tests.gui.home.parts import ANSWER, Stream, an_endpoint, done

Open = Callable[..., ChatView]


@pytest.fixture
def open_chat(qtbot: QtBot) -> Open:
    def make(stream: Stream, *, starter: bool = False, running: bool = True) -> ChatView:
        view = ChatView(stream=stream, open_link=_opened.append)
        qtbot.addWidget(view)
        view.resize(872, 720)
        view.set_endpoint(an_endpoint(starter=starter) if running else None)
        with qtbot.waitActive(view):
            view.show()
            view.activateWindow()
        view.focus_first()
        return view

    _opened.clear()
    return make


_opened: list[str] = []


def editor(view: ChatView) -> Editor:
    return view.findChild(Editor, "composer")


def button(view: QWidget, name: str) -> QPushButton:
    found = [one for one in view.findChildren(QPushButton, name) if one.isVisible()]
    assert len(found) == 1, (name, found)
    return found[0]


def ask(view: ChatView, question: str) -> None:
    QTest.keyClicks(editor(view), question)
    QTest.keyClick(editor(view), Qt.Key.Key_Return)


def wait_end(qtbot: QtBot, view: ChatView) -> None:
    qtbot.waitUntil(lambda: not view.conversation.running)


def answer_text(view: ChatView) -> str:
    return _turn(view).body.toPlainText()


def _turn(view: ChatView) -> TurnWidget:
    return view.findChildren(TurnWidget, "turn")[-1]


def _label(view: QWidget, name: str) -> str:
    return [one.text() for one in view.findChildren(QLabel, name) if one.isVisible()][-1]


def test_enter_sends_and_the_answer_streams_in(qtbot: QtBot, open_chat: Open) -> None:
    gate = threading.Event()
    stream = Stream((ChatDelta(text="It is "), ChatDelta(text="**Paris**."), done()), {1: gate})
    view = open_chat(stream)
    ask(view, "What is the capital of France?")
    qtbot.waitUntil(lambda: answer_text(view) == "It is")
    assert editor(view).toPlainText() == ""
    assert button(view, "stop").isEnabled()
    with qtbot.waitSignal(view.answered):
        gate.set()
    assert answer_text(view) == "It is Paris."
    assert stream.asked[0][-1].content == "What is the capital of France?"
    assert button(view, "send").isVisible()


def test_a_question_before_the_model_answers_is_asked_later(qtbot: QtBot, open_chat: Open) -> None:
    stream = Stream((ChatDelta(text="Paris"), done()))
    view = open_chat(stream, running=False)
    ask(view, "What is the capital of France?")
    assert editor(view).toPlainText() == "What is the capital of France?"
    assert "as soon as the model answers" in _label(view, "can-be-wrong")
    assert stream.asked == []
    view.set_endpoint(an_endpoint())
    qtbot.waitUntil(lambda: answer_text(view) == "Paris")
    wait_end(qtbot, view)
    assert editor(view).toPlainText() == ""
    assert len(stream.asked) == 1


def test_who_writes_on_is_not_interrupted_by_the_model(open_chat: Open) -> None:
    stream = Stream((ChatDelta(text="Paris"), done()))
    view = open_chat(stream, running=False)
    ask(view, "What is")
    QTest.keyClicks(editor(view), " the capital")
    assert "as soon as the model answers" not in _label(view, "can-be-wrong")
    view.set_endpoint(an_endpoint())
    assert editor(view).toPlainText() == "What is the capital"
    assert stream.asked == []


def test_nothing_is_said_to_be_off_before_it_was_looked_at(qtbot: QtBot, open_chat: Open) -> None:
    view = ChatView(stream=Stream((done(),)))
    qtbot.addWidget(view)
    view.show()
    texts = "\n".join(one.text() for one in view.findChildren(QLabel))
    assert "Looking for your model" in texts
    view.set_endpoint(None)
    texts = "\n".join(one.text() for one in view.findChildren(QLabel))
    assert "No model is running" in texts


def test_the_meta_line_says_where_how_fast_and_how_soon(qtbot: QtBot, open_chat: Open) -> None:
    view = open_chat(Stream((ChatDelta(text="x"), done())))
    ask(view, "q")
    wait_end(qtbot, view)
    meta = _label(view, "meta")
    assert "41.2" in meta
    assert "30 words" in meta
    assert "0.62" in meta
    language.switch("zh_CN")
    assert "60 个汉字" in _label(view, "meta")
    assert any(one.text() == "内容由 AI 生成" for one in view.findChildren(QLabel))


def test_each_answer_is_announced_once(qtbot: QtBot, open_chat: Open) -> None:
    gate = threading.Event()
    view = open_chat(Stream((ChatDelta(text="x"), ChatDelta(text="y"), done()), {1: gate}))
    heard: list[object] = []
    view.answered.connect(heard.append)
    ask(view, "q")
    qtbot.waitUntil(lambda: answer_text(view) == "x")
    gate.set()
    wait_end(qtbot, view)
    qtbot.wait(150)
    assert len(heard) == 1


def test_shift_enter_breaks_the_line(open_chat: Open) -> None:
    stream = Stream((done(),))
    view = open_chat(stream)
    QTest.keyClicks(editor(view), "a")
    QTest.keyClick(editor(view), Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(editor(view), "b")
    assert editor(view).toPlainText() == "a\nb"
    assert stream.asked == []


def test_enter_of_an_input_method_does_not_send(qtbot: QtBot, open_chat: Open) -> None:
    stream = Stream((ChatDelta(text="x"), done()))
    view = open_chat(stream)
    field = editor(view)
    QApplication.sendEvent(field, QInputMethodEvent("ni hao", []))
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert not view.conversation.turns
    committed = QInputMethodEvent("", [])
    committed.setCommitString("你好")
    QApplication.sendEvent(field, committed)
    QTest.keyClick(field, Qt.Key.Key_Return)
    wait_end(qtbot, view)
    assert stream.asked[0][-1].content == "你好"


def test_an_empty_question_is_not_sent(open_chat: Open) -> None:
    view = open_chat(Stream((done(),)))
    ask(view, "   ")
    assert not view.conversation.turns
    assert not button(view, "send").isEnabled()


@pytest.mark.parametrize("how", ["button", "escape"])
def test_a_stop_keeps_the_text(qtbot: QtBot, open_chat: Open, how: str) -> None:
    gate = threading.Event()
    view = open_chat(Stream((ChatDelta(text="half"), ChatDelta(text="never")), {1: gate}))
    ask(view, "q")
    qtbot.waitUntil(lambda: answer_text(view) == "half")
    if how == "button":
        qtbot.mouseClick(button(view, "stop"), Qt.MouseButton.LeftButton)
    else:
        QTest.keyClick(editor(view), Qt.Key.Key_Escape)
    assert view.conversation.turns[-1].answer.state is AnswerState.STOPPED
    assert answer_text(view) == "half"
    assert any(
        one.text() == "Stopped by you" and one.isVisible() for one in view.findChildren(QLabel)
    )
    qtbot.waitUntil(lambda: view.conversation.turns[-1].answer.done is not None)
    assert view.conversation.turns[-1].answer.state is AnswerState.STOPPED


def test_thoughts_fold_and_open(qtbot: QtBot, open_chat: Open) -> None:
    gate = threading.Event()
    parts = (ChatDelta(reasoning="let me see"), ChatDelta(text="42"), done())
    view = open_chat(Stream(parts, {1: gate}))
    ask(view, "q")
    qtbot.waitUntil(lambda: "Thinking" in _turn(view).think.head.text())
    gate.set()
    wait_end(qtbot, view)
    think = _turn(view).think
    assert think.head.text() == "Thought for 1 s"
    assert not think.thoughts.isVisible()
    think.head.setFocus()
    QTest.keyClick(think.head, Qt.Key.Key_Space)
    assert think.thoughts.isVisible()
    assert think.thoughts.toPlainText() == "let me see"
    assert "let me see" not in answer_text(view)


def test_an_error_stands_in_place_of_the_answer(qtbot: QtBot, open_chat: Open) -> None:
    error = AppError("engine_not_answering", remedy="restart_engine", detail="refused")
    stream = Stream((error,))
    view = open_chat(stream)
    ask(view, "my question")
    wait_end(qtbot, view)
    assert _turn(view).error_card.isVisible()
    assert not _turn(view).body.isVisible()
    assert editor(view).toPlainText() == "my question"
    with qtbot.waitSignal(view.remedy_wanted) as heard:
        qtbot.mouseClick(button(view, "remedy"), Qt.MouseButton.LeftButton)
    assert heard.args == ["restart_engine"]
    stream.parts = (ChatDelta(text="now it works"), done())
    QTest.keyClick(editor(view), Qt.Key.Key_Return)
    wait_end(qtbot, view)
    assert answer_text(view) == "now it works"
    assert len(view.findChildren(TurnWidget, "turn")) == 1


def test_trying_again_sends_the_question_again(qtbot: QtBot, open_chat: Open) -> None:
    stream = Stream((AppError("answer_stalled", {"seconds": 1}, remedy="try_again"),))
    view = open_chat(stream)
    ask(view, "q")
    wait_end(qtbot, view)
    stream.parts = (ChatDelta(text="ok"), done())
    qtbot.mouseClick(button(view, "remedy"), Qt.MouseButton.LeftButton)
    wait_end(qtbot, view)
    assert answer_text(view) == "ok"
    assert [asked[-1].content for asked in stream.asked] == ["q", "q"]


def test_what_had_come_before_an_error_is_kept(qtbot: QtBot, open_chat: Open) -> None:
    view = open_chat(Stream((ChatDelta(text="half"), AppError("answer_cut", remedy="try_again"))))
    ask(view, "q")
    wait_end(qtbot, view)
    assert answer_text(view) == "half"
    assert _turn(view).error_card.isVisible()


def test_a_question_typed_meanwhile_is_not_overwritten(qtbot: QtBot, open_chat: Open) -> None:
    gate = threading.Event()
    view = open_chat(Stream((AppError("answer_cut", remedy="try_again"),), {0: gate}))
    ask(view, "first")
    QTest.keyClicks(editor(view), "second")
    gate.set()
    wait_end(qtbot, view)
    assert editor(view).toPlainText() == "second"


def test_answering_again_replaces_the_answer(qtbot: QtBot, open_chat: Open) -> None:
    stream = Stream((ChatDelta(text="one"), done()))
    view = open_chat(stream)
    ask(view, "q")
    wait_end(qtbot, view)
    stream.parts = (ChatDelta(text="two"), done())
    button(view, "regenerate").click()
    wait_end(qtbot, view)
    assert answer_text(view) == "two"
    assert len(view.conversation.turns) == 1
    assert [len(asked) for asked in stream.asked] == [1, 1]


def test_a_copy_is_plain_and_says_what_it_left_out(qtbot: QtBot, open_chat: Open) -> None:
    view = open_chat(Stream((ChatDelta(text="a\u202eb **c**"), done())))
    ask(view, "q")
    wait_end(qtbot, view)
    button(view, "copy").click()
    assert QGuiApplication.clipboard().text() == "ab **c**"
    assert "Hidden characters" in _label(view, "can-be-wrong")


def test_a_link_is_opened_only_after_a_confirm(qtbot: QtBot, open_chat: Open) -> None:
    view = open_chat(Stream((ChatDelta(text=ANSWER), done())))
    ask(view, "q")
    wait_end(qtbot, view)
    for name, opened in (("link-stay", []), ("link-open", ["https://example.org/x"])):
        _turn(view).body.link_chosen.emit("https://example.org/x")
        dialog = view.findChild(LinkDialog)
        target = dialog.findChild(QLabel, "link-target")
        assert target.text() == "https://example.org/x"
        assert target.textFormat() is Qt.TextFormat.PlainText
        assert dialog.findChild(QPushButton, "link-stay").isDefault()
        button(dialog, name).click()
        qtbot.waitUntil(lambda: view.findChild(LinkDialog) is None)
        assert _opened == opened


def test_the_view_follows_only_from_the_end(qtbot: QtBot, open_chat: Open) -> None:
    gates = {1: threading.Event(), 2: threading.Event()}
    lines = "\n\n".join(f"line {number}" for number in range(60))
    parts = (ChatDelta(text=lines), ChatDelta(text="\n\n" + lines), ChatDelta(text=lines), done())
    view = open_chat(Stream(parts, gates))
    bar = view.area.verticalScrollBar()
    ask(view, "q")
    qtbot.waitUntil(lambda: bar.maximum() > 200 and bar.value() == bar.maximum())
    before = bar.maximum()
    gates[1].set()
    qtbot.waitUntil(lambda: bar.maximum() > before + 200)
    qtbot.waitUntil(lambda: bar.value() == bar.maximum())
    _wheel_up(view)
    seen_at, before = bar.value(), bar.maximum()
    assert seen_at < before
    gates[2].set()
    wait_end(qtbot, view)
    qtbot.waitUntil(lambda: bar.maximum() > before)
    assert bar.value() == seen_at


def _wheel_up(view: ChatView) -> None:
    at = QPointF(300, 200)
    event = QWheelEvent(
        at, view.area.viewport().mapToGlobal(at), QPoint(0, 0), QPoint(0, 480),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view.area.viewport(), event)


def test_no_empty_stretch_below_the_last_answer(qtbot: QtBot, open_chat: Open) -> None:
    view = open_chat(Stream((ChatDelta(text="short answer"), done())))
    for _ in range(4):
        editor(view).setPlainText("a long question that wraps into several lines " * 6)
        QTest.keyClick(editor(view), Qt.Key.Key_Return)
        wait_end(qtbot, view)
    qtbot.wait(50)
    content = view.area.widget()
    last = _turn(view)
    end = last.mapTo(content, QPoint(0, last.height())).y()
    assert content.height() - end <= 24


def test_a_new_chat_forgets(qtbot: QtBot, open_chat: Open) -> None:
    stream = Stream((ChatDelta(text="one"), done()))
    view = open_chat(stream)
    ask(view, "first")
    wait_end(qtbot, view)
    button(view, "new-chat").click()
    assert not view.conversation.turns
    assert view.findChild(QWidget, "suggestion-explain").isVisible()
    ask(view, "second")
    wait_end(qtbot, view)
    assert [message.content for message in stream.asked[-1]] == ["second"]


def test_a_new_chat_during_an_answer_gets_nothing_of_it(qtbot: QtBot, open_chat: Open) -> None:
    gate = threading.Event()
    view = open_chat(Stream((ChatDelta(text="old"), ChatDelta(text="older"), done()), {1: gate}))
    ask(view, "q")
    qtbot.waitUntil(lambda: answer_text(view) == "old")
    button(view, "new-chat").click()
    gate.set()
    qtbot.wait(150)
    assert not view.conversation.turns


def test_suggestions_work_by_keyboard(qtbot: QtBot, open_chat: Open) -> None:
    stream = Stream((ChatDelta(text="blue"), done()))
    view = open_chat(stream)
    card = view.findChild(QWidget, "suggestion-explain")
    for _ in range(20):
        if card.hasFocus():
            break
        QTest.keyClick(QApplication.focusWidget() or view, Qt.Key.Key_Tab)
    assert card.hasFocus()
    QTest.keyClick(card, Qt.Key.Key_Return)
    wait_end(qtbot, view)
    assert "sky" in stream.asked[0][-1].content
    assert editor(view).hasFocus()


def test_without_a_model_the_words_wait(open_chat: Open) -> None:
    stream = Stream((done(),))
    view = open_chat(stream, running=False)
    QTest.keyClicks(editor(view), "early")
    assert not button(view, "send").isEnabled()
    view.set_endpoint(an_endpoint())
    assert button(view, "send").isEnabled()


def test_the_starter_is_never_called_deepseek(open_chat: Open) -> None:
    view = open_chat(Stream((done(),)), starter=True)
    chip = view.findChild(QLabel, "starter-chip")
    assert chip.isVisible()
    assert chip.text() == "starter, not DeepSeek"
    words = [one.text() for one in view.findChildren(QLabel) if one.isVisible()]
    assert not any("Your DeepSeek" in one for one in words)
    view.set_endpoint(an_endpoint())
    assert not chip.isVisible()


def test_no_label_reads_a_models_words_as_rich_text(qtbot: QtBot, open_chat: Open) -> None:
    bad = "<b>x</b><img src='file:///etc/passwd'>"
    view = open_chat(Stream((ChatDelta(reasoning=bad), ChatDelta(text=bad), done())))
    ask(view, bad)
    wait_end(qtbot, view)
    for label in view.findChildren(QLabel):
        assert label.textFormat() is Qt.TextFormat.PlainText or "<" not in label.text(), (
            label.text()
        )
        assert "<img" not in label.toolTip()
    assert bad in answer_text(view)


def test_language_and_theme_change_in_the_middle(qtbot: QtBot, open_chat: Open) -> None:
    view = open_chat(Stream((ChatDelta(reasoning="hm"), ChatDelta(text=ANSWER), done())))
    ask(view, "q")
    wait_end(qtbot, view)
    language.switch("zh_CN")
    assert _turn(view).think.head.text().startswith("思考了")
    assert "复制" in answer_text(view)
    theme.apply(QApplication.instance(), "dark")
    assert "def grow" in answer_text(view)


def test_a_flood_does_not_hold_up_the_window(qtbot: QtBot, open_chat: Open) -> None:
    parts = [ChatDelta(text="word **bold** `code` " * 5 + "\n\n") for _ in range(400)]
    view = open_chat(Stream((*parts, done())))
    ask(view, "q")
    wait_end(qtbot, view)
    assert len(view.conversation.turns[-1].answer.text) == sum(len(one.text) for one in parts)


def test_a_long_question_does_not_push_the_page_away(open_chat: Open) -> None:
    view = open_chat(Stream((done(),)))
    editor(view).setPlainText("line\n" * 100)
    assert editor(view).height() < 180
    QApplication.sendEvent(
        editor(view),
        QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_A, Qt.KeyboardModifier.NoModifier, "a"),
    )
    assert editor(view).height() < 180
