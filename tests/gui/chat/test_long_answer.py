"""A long answer streams in without holding the window up."""

from __future__ import annotations

from collections.abc import Iterator

from pytestqt.qtbot import QtBot

from core.domain import ChatDelta, ChatDone
from core.progress import CancelToken
from gui.chat.view import ChatView
from tests.gui.heartbeat import Heartbeat
from tests.gui.home.parts import an_endpoint, done

# Of this thread’s own time. Laying the whole text out is what remains; parsing it all again each
# time took twice as long.
LONGEST_S = 0.12
_BLOCKS = (
    "The **quick** brown fox jumps over the `lazy` dog, and [it](https://example.org/a) sleeps. "
    * 3,
    "- one\n- two\n- three **bold**",
    "```python\nfor a in b:\n    print(a)\n```",
    "| a | b |\n|---|---|\n| 1 | 2 |",
)  # fmt: skip


def _long(
    _endpoint: object, _messages: object, token: CancelToken
) -> Iterator[ChatDelta | ChatDone]:
    sent = number = 0
    while sent < 55_000:
        token.wait(0.004)
        text = _BLOCKS[number % len(_BLOCKS)] + "\n\n"
        sent, number = sent + len(text), number + 1
        yield ChatDelta(text=text)
    yield done()


def test_a_long_answer_never_holds_the_window_up(qtbot: QtBot) -> None:
    view = ChatView(stream=_long)
    qtbot.addWidget(view)
    view.resize(872, 720)
    view.set_endpoint(an_endpoint())
    view.show()
    heart = Heartbeat()
    view.composer.put("Tell me everything.")
    heart.enter("answer")
    with qtbot.waitSignal(view.answered, timeout=30_000):
        view.composer.sent.emit(view.composer.question())
    qtbot.wait(300)
    heart.enter("")
    assert heart.worst["answer"] < LONGEST_S
