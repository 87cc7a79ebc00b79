"""What is printed: sentences for people, one JSON object for programs, never both."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from core.cli.output import Output
from core.errors import AppError
from core.progress import Progress
from core.text import Text

DISK = AppError(
    "disk_full",
    {"need_bytes": 2_500_000_000, "path": "/data"},
    remedy="free_disk",
    retryable=True,
    detail="OSError 28",
)
BYTES = Progress(step="fetch_model", done=3_000_000, total=98_362_432, unit="bytes")


def made(language: str = "en", *, as_json: bool = False) -> Output:
    return Output(text=Text(language), as_json=as_json)


# --- for programs -----------------------------------------------------------------------------


def test_a_result_is_the_whole_of_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    output = made(as_json=True)
    output.say("a sentence")
    output.stream("a word")
    output.progress(BYTES)
    output.result({"model": "深泊", "n": 1}, "a sentence")
    out, err = capsys.readouterr()
    assert json.loads(out) == {"model": "深泊", "n": 1}
    assert "深泊" in out  # readable, not escaped
    assert [json.loads(line)["step"] for line in err.splitlines()] == ["fetch_model"]


@pytest.mark.parametrize(
    "progress",
    [
        BYTES,
        Progress(step="load", done=3, unit="seconds"),
        Progress(step="create", finished=True),
        Progress(step="fetch_model", note="download.from", note_params=(("host", "a\nb"),)),
    ],
    ids=lambda progress: progress.step,
)
def test_progress_is_one_json_line_each(
    capsys: pytest.CaptureFixture[str], progress: Progress
) -> None:
    made(as_json=True).progress(progress)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith("\n")
    assert err.count("\n") == 1
    told = json.loads(err)
    assert (told["step"], told["done"], told["total"]) == (
        progress.step,
        progress.done,
        progress.total,
    )
    assert (told["unit"], told["finished"]) == (progress.unit, progress.finished)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_an_error_says_what_it_is_what_it_means_and_what_to_do(
    capsys: pytest.CaptureFixture[str], language: str
) -> None:
    made(language, as_json=True).error(DISK)
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["error"]
    error: dict[str, Any] = found["error"]
    assert (error["code"], error["retryable"], error["detail"]) == ("disk_full", True, "OSError 28")
    assert error["params"] == {"need_bytes": 2_500_000_000, "path": "/data"}
    card = Text(language).error(DISK)
    for part in ("title", "happened", "means"):
        assert card[part] in error["message"]
    assert error["remedy"] == card["remedy"]
    assert "2.5 GB" in error["message"]
    assert "/data" in error["message"]


def test_the_parts_of_a_message_in_english(capsys: pytest.CaptureFixture[str]) -> None:
    made(as_json=True).error(AppError("nothing_set_up", remedy="set_up_first"))
    message = json.loads(capsys.readouterr().out)["error"]["message"]
    assert message == ("No model is set up yet: There is no model to talk to. Nothing costs money.")


def test_an_error_names_its_field(capsys: pytest.CaptureFixture[str]) -> None:
    made(as_json=True).error(AppError("model_unknown", {"model": "x"}, "name_a_model", "model"))
    assert json.loads(capsys.readouterr().out)["error"]["field"] == "model"


def test_an_unknown_error_has_words_too(capsys: pytest.CaptureFixture[str]) -> None:
    made(as_json=True).error(AppError("something_nobody_wrote_down"))
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["message"]
    assert "[" not in error["message"] + error["remedy"]


def test_usage_and_a_cancel(capsys: pytest.CaptureFixture[str]) -> None:
    made(as_json=True).usage("deepberth: what?")
    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["code"] == "usage"
    assert "deepberth: what?" in json.loads(out)["error"]["message"]
    assert err == ""  # progress lines and nothing else
    made(as_json=True).cancelled()
    assert json.loads(capsys.readouterr().out) == {"cancelled": True}


# --- for people -------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_an_error_for_a_person(capsys: pytest.CaptureFixture[str], language: str) -> None:
    made(language).error(DISK)
    out, err = capsys.readouterr()
    card = Text(language).error(DISK)
    assert out == ""
    assert err.splitlines() == [
        card["title"],
        card["happened"],
        card["means"],
        card["remedy"],
        "(OSError 28)",
    ]


def test_in_a_file_only_what_is_finished_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    output = made()
    output.progress(BYTES)
    output.progress(Progress(step="fetch_model", finished=True))
    output.result({}, "Done.")
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 2
    assert "\x1b" not in out
    assert err == ""


def test_on_a_terminal_a_line_rewrites_itself(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    output = made()
    output.progress(BYTES)
    output.progress(Progress(step="fetch_model", done=98_362_432, total=98_362_432, unit="bytes"))
    first = capsys.readouterr().out
    assert first.count("\r") == 2
    assert "3 MB / 98.4 MB" in first
    assert not first.endswith("\n")
    output.say("A sentence.")  # begins on a line of its own
    assert capsys.readouterr().out == "\nA sentence.\n"
    output.progress(Progress(step="fetch_model", finished=True))
    assert capsys.readouterr().out.endswith("\n")
    output.say("Another.")
    assert capsys.readouterr().out == "Another.\n"


def test_an_answer_as_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    output = made()
    for piece in ("The capital ", "of France", " is Paris."):
        output.stream(piece)
    assert capsys.readouterr().out == "The capital of France is Paris."
