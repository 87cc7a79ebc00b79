"""Everything that can be wrong, on real parts: each ends in an error with a way on, in both
languages, and leaves nothing half done that is called ready."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.bench.bench import Bench
from tests.bench.registry import Registry
from tests.e2e.conftest import STARTER_FILE, StarterHub
from tests.e2e.program import (
    DONE,
    FAILED,
    MACHINES,
    NO_DOCKER,
    REFUSED,
    Program,
    Ran,
    chinese,
    ended,
)
from tests.stand_ins.file_server import Behaviour, FileServer

UP = ("up", "--starter", "--yes")
QUESTION = "What is the capital of France?"
NOBODY = 65534
SMALL_ID = "deepseek-r1-distill-qwen-1.5b"


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    with Program(tmp_path / "home").cleaned() as it:
        yield it


def in_both(program: Program, *words: str, code: str, with_exit: int = FAILED) -> dict[str, Any]:
    """The error in English; the same one is said in Chinese."""
    error = program(*words).failed(code, with_exit=with_exit)
    other = program.in_chinese(*words).failed(code, with_exit=with_exit)
    for part in ("message", "remedy"):
        assert not chinese(error[part]), error
        assert chinese(other[part]), other
    return error


def answers(ran: Ran) -> dict[str, Any]:
    """A set-up that ended with an answer."""
    made = ran.done()
    assert "Paris" in made["proof"]["answer"]
    return made


# --- files that describe a computer or a wish -------------------------------------------------

GOOD = {
    "sensitivity": "public",
    "budget": {"amount": 5, "currency": "USD"},
    "horizon_months": 12,
}
BAD_ANSWERS = {
    "empty": b"",
    "no JSON": b"sensitivity: public",
    "cut": json.dumps(GOOD).encode()[:-5],
    "a list": b"[]",
    "nothing in it": b"{}",
    "an unknown word": json.dumps({**GOOD, "sensitivity": "secret"}).encode(),
    "a budget below nothing": json.dumps({**GOOD, "budget": {"amount": -1, "currency": "USD"}}),
    "no currency": json.dumps({**GOOD, "budget": {"amount": 5, "currency": "dollars"}}),
    "no number": json.dumps({**GOOD, "budget": {"amount": "many", "currency": "USD"}}),
    "no time": json.dumps({**GOOD, "horizon_months": 0}),
    "not Unicode": b'{"sensitivity": "\xff\xfe"}',
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("content", BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
def test_answers_that_are_none(program: Program, tmp_path: Path, content: bytes | str) -> None:
    file = tmp_path / "answers.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    machine = str(MACHINES / "rtx4070-12gb.json")
    words = ("recommend", "--machine", machine, "--answers", str(file))
    in_both(program, *words, code="answers_file_invalid", with_exit=REFUSED)
    assert not program.home.exists()


@pytest.mark.parametrize(
    "content", [b"", b"\x7fELF", b"[1]", b"{}", b'{"os": "beos"}', b"[" * 100_000]
)
def test_a_machine_that_is_none(program: Program, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "machine.json"
    file.write_bytes(content)
    for word in ("recommend", "up"):
        words = (word, "--machine", str(file))
        in_both(program, *words, code="probe_file_invalid", with_exit=REFUSED)
    assert not program.home.exists()


BAD_FACTS: dict[str, dict[str, Any]] = {
    "memory below nothing": {"ram_bytes": -1},
    "free memory below nothing": {"ram_free_bytes": -(10**9)},
    "absurd memory": {"ram_bytes": 2**55},
    "memory in words": {"ram_bytes": "32 GB"},
    "half a byte": {"ram_bytes": 0.5},
    "not a number": {"ram_bytes": float("nan")},
    "endless": {"ram_free_bytes": float("inf")},
    "a card below nothing": {"gpus": {"vram_free_bytes": -5}},
    "an absurd card": {"gpus": {"vram_bytes": 2**60}},
    "a processor without cores": {"cpu": {"name": "x", "physical_cores": 0}},
    "a true number": {"ram_bytes": True},
}


def machine_with(tmp_path: Path, facts: dict[str, Any], name: str = "rtx4070-12gb") -> Path:
    """A machine file in which some facts are others; a dict changes the first of a list."""
    found = json.loads((MACHINES / f"{name}.json").read_bytes())
    for key, value in facts.items():
        if isinstance(value, dict) and isinstance(found[key], list):
            found[key][0].update(value)
        else:
            found[key] = value
    file = tmp_path / "machine.json"
    file.write_text(json.dumps(found))
    return file


@pytest.mark.parametrize("facts", BAD_FACTS.values(), ids=BAD_FACTS.keys())
def test_a_machine_that_cannot_be(program: Program, tmp_path: Path, facts: dict[str, Any]) -> None:
    file = machine_with(tmp_path, facts)
    for language in ("en", "zh_CN"):
        ran = program("--language", language, "recommend", "--machine", str(file))
        assert (ran.code, ran.json["error"]["code"]) == (REFUSED, "probe_file_invalid"), ran
        error = ran.json["error"]
        assert error["field"] in error["message"] or error["field"] == "$"
        assert error["detail"]
        assert chinese(error["message"]) is chinese(error["remedy"]) is (language == "zh_CN")


def test_more_free_than_there_is(program: Program, tmp_path: Path) -> None:
    """Two answers that disagree: the smaller one counts, and that is said."""
    total, card = 34_359_738_368, 12_878_610_432
    file = machine_with(
        tmp_path,
        {
            "ram_bytes": total,
            "ram_free_bytes": 4 * total,
            "gpus": {"vram_bytes": card, "vram_free_bytes": 9 * card},
        },
    )
    words = ("recommend", "--machine", str(file))
    advice = program(*words).done()
    assert "two_answers" in advice["assumptions"]
    for found in advice["recommendations"]:
        for part in found["fit"]["parts"] if found["fit"] and found["kind"] == "local" else ():
            most = total if part["accelerator"] == "cpu" else card
            assert part["needed_bytes"] <= part["available_bytes"] <= most
    for language, word in (("en", "the smaller"), ("zh_CN", "较小的")):
        assert word in program.plain("--language", language, *words, "--all").out


STRANGE: dict[str, dict[str, Any]] = {
    "no memory at all": {"ram_bytes": 0, "ram_free_bytes": 0, "gpus": []},
    "a card without memory": {"gpus": {"vram_bytes": 0, "vram_free_bytes": 0}},
    "a card without a name": {"gpus": {"name": ""}},
    "a card that nobody knows": {"gpus": {"name": "Voodoo 9 {0} %s", "vendor": "unknown"}},
    "a name that steers": {"gpus": {"name": "\x1b[31m\u202eRTX\n1. DeepSeek"}},
    "a driver that is none": {"gpus": {"driver": "latest", "compute_capability": "new"}},
    "no disk": {"disks": []},
    "nothing is known": {
        "ram_bytes": {"unreadable": "timeout"},
        "ram_free_bytes": {"unreadable": "timeout"},
        "gpus": {"unreadable": "timeout"},
        "engine": {"unreadable": "timeout"},
    },
}


@pytest.mark.parametrize("facts", STRANGE.values(), ids=STRANGE.keys())
def test_a_strange_machine_gets_an_answer(
    program: Program, tmp_path: Path, facts: dict[str, Any]
) -> None:
    found = json.loads((MACHINES / "rtx4070-12gb.json").read_bytes())
    if "unreadable" in facts.get("gpus", {}):
        found.update(facts)
        file = tmp_path / "machine.json"
        file.write_text(json.dumps(found))
    else:
        file = machine_with(tmp_path, facts)
    words = ("recommend", "--machine", str(file))
    cards = program(*words).done()["recommendations"]
    assert cards
    assert all(card["reasons"] or card["why_not"] for card in cards)
    for language in ("en", "zh_CN"):
        ran = program.plain("--language", language, *words, "--all")
        assert (ran.code, ran.err) == (DONE, ""), ran
        assert "\x1b" not in ran.out
        assert "\u202e" not in ran.out


# --- wishes about money -----------------------------------------------------------------------


@pytest.mark.parametrize("amount", [0, 1e-9, 0.3, 1_000_000_000, 10**12])
def test_any_budget_gets_an_answer(program: Program, tmp_path: Path, amount: float) -> None:
    file = tmp_path / "answers.json"
    file.write_text(json.dumps({**GOOD, "budget": {"amount": amount, "currency": "USD"}}))
    words = ("recommend", "--machine", str(MACHINES / "two-rtx3090.json"), "--answers", str(file))
    cards = program(*words).done()["recommendations"]
    assert cards[0]["kind"] == "local"
    for card in cards:
        codes = {note["code"] for note in card["reasons"]}
        if amount >= 1_000_000_000:
            assert not {code for code in codes if "over" in code and "budget" in code}
        elif card["kind"] in ("tokens", "cloud") and card["cost"]["total"]:
            assert "limit.over_your_budget" in codes


@pytest.mark.parametrize(
    "changes", [{"country": "ZZ"}, {"budget": {"amount": 5, "currency": "XTS"}}]
)
def test_a_country_or_currency_that_nobody_knows(
    program: Program, tmp_path: Path, changes: dict[str, Any]
) -> None:
    """The fallback has a label: what could not be compared or worked out is said."""
    file = tmp_path / "answers.json"
    file.write_text(json.dumps({**GOOD, **changes}))
    words = ("recommend", "--machine", str(MACHINES / "rtx4070-12gb.json"), "--answers", str(file))
    advice = program(*words).done()
    label = "tariff_unknown" if "country" in changes else "currency_unknown"
    assert label in advice["assumptions"]
    if "country" in changes:
        cost = advice["recommendations"][0]["cost"]
        assert (cost["monthly"], cost["total"]) == (None, None)
    for language in ("en", "zh_CN"):
        ran = program.plain("--language", language, *words, "--all")
        assert (ran.code, ran.err) == (DONE, ""), ran
        assert not set("{}[]") & set(ran.out), ran


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"budget": {"amount": 10**13, "currency": "USD"}}, "budget.amount"),
        ({"budget": {"amount": "NaN", "currency": "USD"}}, "budget.amount"),
        ({"budget": {"amount": float("nan"), "currency": "USD"}}, "$"),
        ({"budget": {"amount": float("inf"), "currency": "USD"}}, "$"),
        ({"budget": {"amount": 5, "currency": "usd"}}, "budget.currency"),
        ({"country": "Germany"}, "country"),
        ({"hours_per_day": 25}, "hours_per_day"),
        ({"hours_per_day": -1}, "hours_per_day"),
        ({"horizon_months": 10**9}, "horizon_months"),
        ({"hours_a_day": 2}, "hours_a_day"),
    ],
    ids=str,
)
def test_wishes_that_cannot_be(
    program: Program, tmp_path: Path, changes: dict[str, Any], field: str
) -> None:
    file = tmp_path / "answers.json"
    file.write_text(json.dumps({**GOOD, **changes}))
    words = ("recommend", "--machine", str(MACHINES / "rtx4070-12gb.json"), "--answers", str(file))
    error = in_both(program, *words, code="answers_file_invalid", with_exit=REFUSED)
    assert error["field"] == field


@pytest.mark.parametrize(
    ("assumed", "code"),
    [
        ("hours-per-day=25", "cost_inputs_invalid"),
        ("hours-per-day=nan", "cost_inputs_invalid"),
        ("stay-share=-0.1", "cost_inputs_invalid"),
        ("kwh-price=-1 EUR", "cost_inputs_invalid"),
        ("hardware-price=1e99 USD", "cost_inputs_invalid"),
        ("kwh-price=0.31", "assumption_unreadable"),
        ("hours-per-day=two", "assumption_unreadable"),
        ("count-hardware=perhaps", "assumption_unreadable"),
        ("hours-per-day", "assumption_unreadable"),
        ("price-of-fish=3", "assumption_unknown"),
        ("", "assumption_unknown"),
        ("{0}=[1]", "assumption_unknown"),
    ],
)
def test_assumptions_that_cannot_be(program: Program, assumed: str, code: str) -> None:
    words = ("recommend", "--machine", str(MACHINES / "rtx4070-12gb.json"), "--assume", assumed)
    for language in ("en", "zh_CN"):
        ran = program("--language", language, *words)
        assert (ran.code, ran.json["error"]["code"]) == (REFUSED, code), ran
        assert ran.json["error"]["field"] == "assume"
        assert chinese(ran.json["error"]["message"]) is (language == "zh_CN")
        assert chinese(ran.json["error"]["remedy"]) is (language == "zh_CN")
    assert not program.home.exists()


TARIFF = "[[tariffs]]\ncountry = 'US'\nsource = {text = 'x', date = '2026-11'}\n"
BAD_PRICES = {
    "empty": "",
    "no TOML": "prices: 3",
    "not Unicode": b"\xff\xfe",
    "another version": "format = 99\n",
    "an older version": "format = 1\n",
    "no number": f"format = 2\n{TARIFF}price = 'much'\n",
    "not a number": f"format = 2\n{TARIFF}price = nan\n",
    "endless": f"format = 2\n{TARIFF}price = inf\n",
    "below nothing": f"format = 2\n{TARIFF}price = -0.3\n",
    "absurd": f"format = 2\n{TARIFF}price = 1e30\n",
    "no date": "format = 2\n[[tariffs]]\ncountry = 'US'\nprice = 1\nsource = {text = 'x'}\n",
    "a currency that is none": f"format = 2\n{TARIFF}price = 1\ncurrency = 'dollars'\n",
    "a word that nobody knows": f"format = 2\n{TARIFF}price = 1\nprise = 2\n",
}


@pytest.mark.parametrize("content", BAD_PRICES.values(), ids=BAD_PRICES.keys())
def test_prices_that_cannot_be(program: Program, tmp_path: Path, content: str | bytes) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    machine = str(MACHINES / "rtx4070-12gb.json")
    words = ("recommend", "--machine", machine, "--prices", str(file))
    error = in_both(program, *words, code="prices_file_invalid", with_exit=REFUSED)
    assert error["field"] == "prices"
    assert str(file) in error["message"]
    assert error["detail"]


def test_a_model_file_that_is_none(program: Program, tmp_path: Path, starter_model: Path) -> None:
    head = starter_model.read_bytes()[:2_000_000]
    machine = ("--machine", str(MACHINES / "rtx4070-12gb.json"))
    for name, content, code in (
        ("none.gguf", b"MZ this is no model", "not_a_model_file"),
        ("empty.gguf", b"", "not_a_model_file"),
        ("absurd.gguf", b"GGUF" + b"\xff" * 4096, "not_a_model_file"),
        ("cut.gguf", head, "model_file_truncated"),
    ):
        file = tmp_path / name
        file.write_bytes(content)
        words = ("recommend", *machine, "--gguf", str(file))
        assert in_both(program, *words, code=code, with_exit=REFUSED)["field"] == "gguf"
    gone = ("recommend", *machine, "--gguf", str(tmp_path / "nothing.gguf"))
    in_both(program, *gone, code="file_not_readable", with_exit=REFUSED)
    with FileServer() as server:
        page = server.add("/page.gguf", b"x", Behaviour(html=True))
        words = ("recommend", *machine, "--gguf", page)
        in_both(program, *words, code="not_a_model_file", with_exit=REFUSED)
    nobody = ("recommend", *machine, "--gguf", "http://127.0.0.1:9/a.gguf")
    ran = program(*nobody)
    assert ran.code == FAILED
    assert ran.error["code"]
    assert not program.home.exists()


def test_a_file_that_is_not_there(program: Program, tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.json", tmp_path):
        for option in ("--machine", "--answers", "--prices"):
            words = ("recommend", option, str(path))
            error = in_both(program, *words, code="file_not_readable", with_exit=REFUSED)
            assert str(path) in error["message"]


# --- models -----------------------------------------------------------------------------------


def test_an_unknown_model(program: Program) -> None:
    for wish in (("--model", "gpt-5"), ("--quant", "Q9_X"), ("--model", "../../etc/passwd")):
        in_both(program, "up", "--yes", *wish, code="model_unknown", with_exit=REFUSED)
    assert program.changed_nothing()


def test_a_file_of_a_model_that_nobody_can_check(tmp_path: Path) -> None:
    """Its checksum is not in our list, and the source does not say it either."""
    words = ("up", "--yes", "--model", SMALL_ID, "--quant", "Q5_K_M")
    with (
        FileServer() as hub,
        Program(tmp_path / "home", {"HF_ENDPOINT": hub.url}).cleaned() as here,
    ):
        in_both(here, *words, code="hash_unknown")
        assert not [path for path in (here.home / "models").rglob("*") if path.is_file()]
        assert here.state() == "setting_up"


@pytest.mark.parametrize("machine", [None, "laptop-8gb-no-gpu.json", "raspberry-pi-5.json"])
def test_a_model_larger_than_the_memory(program: Program, machine: str | None) -> None:
    words = ["up", "--yes", "--model", "deepseek-r1-distill-llama-70b"]
    if machine:
        words += ["--machine", str(MACHINES / machine)]
    error = in_both(program, *words, code="model_too_large", with_exit=REFUSED)
    assert "70B" in error["message"]
    assert program.changed_nothing()


@pytest.mark.parametrize("context", ["0", "-4096", "255", "8193", "999999999999"])
def test_a_context_that_cannot_be(program: Program, context: str) -> None:
    words = (*UP, "--context", context)
    error = in_both(program, *words, code="context_not_possible", with_exit=REFUSED)
    assert error["field"] == "context"
    assert program.changed_nothing()


def test_a_file_that_is_no_model(program: Program, tmp_path: Path, starter_model: Path) -> None:
    head = starter_model.read_bytes()[:2_000_000]
    bad = {
        "none.gguf": (b"MZ this is no model", "not_a_model_file"),
        "empty.gguf": (b"", "not_a_model_file"),
        "page.gguf": (b"<!doctype html><title>Sign in</title>", "not_a_model_file"),
        "head.gguf": (b"GGUF" + b"\xff" * 4096, "not_a_model_file"),
        "cut.gguf": (head, "model_file_truncated"),
        "cut-in-the-head.gguf": (head[:100], "model_file_truncated"),
    }
    for name, (content, code) in bad.items():
        file = tmp_path / name
        file.write_bytes(content)
        words = ("up", "--yes", "--model", "smollm2-135m-instruct", "--file", str(file))
        error = in_both(program, *words, code=code, with_exit=REFUSED)
        assert name in error["message"]
        assert error["field"] == "file"
    words = ("up", "--yes", "--model", "smollm2-135m-instruct", "--file", str(tmp_path / "no.gguf"))
    in_both(program, *words, code="file_not_readable", with_exit=REFUSED)
    assert program.changed_nothing()


@pytest.mark.engine
def test_a_file_of_ones_own(program: Program, tmp_path: Path, starter_model: Path) -> None:
    own = tmp_path / STARTER_FILE
    own.symlink_to(starter_model)
    made = answers(program("up", "--yes", "--file", str(own)))
    assert made["model"] == "smollm2-135m-instruct"
    receipt = program("down", "--models").done()
    assert "receipt.own_file_kept" in [note["code"] for note in receipt["kept"]]
    assert own.exists()


@pytest.mark.engine
def test_a_card_that_nobody_knows(program: Program) -> None:
    machine = str(MACHINES / "unknown-gpu.json")
    advice = program("recommend", "--machine", machine).done()
    assert advice["recommendations"][0]["accelerator"] == "cpu"
    made = answers(program(*UP, "--machine", machine, "--engine", "builtin"))
    assert made["engine"] == "builtin"


# --- downloads --------------------------------------------------------------------------------


def model_files(home: Path) -> dict[str, int]:
    """What is called a model file: not the parts of one, and not what is noted about it."""
    return {path.name: path.stat().st_size for path in home.rglob("*.gguf")}


WRONG = {
    "another byte": ({"flip_at": 50_000_000}, "hash_wrong"),
    "too short": ({"truncate_to": 50_000_000}, "not_the_file"),
    "too long": ({"extra": b"!" * 1000}, "not_the_file"),
    "a web page": ({"html": True}, "not_the_file"),
    "not there": ({"status": 404}, "http_status"),
    "not allowed": ({"status": 403}, "http_status"),
}


@pytest.mark.engine
@pytest.mark.parametrize(("how", "code"), WRONG.values(), ids=WRONG.keys())
def test_a_server_with_something_else(
    tmp_path: Path, starter_hub: StarterHub, how: dict[str, Any], code: str
) -> None:
    with Program(tmp_path / "home", starter_hub.environment).cleaned() as program:
        starter_hub.behave(**how)
        error = in_both(program, *UP, code=code)
        assert "127.0.0.1" in error["message"]
        assert model_files(program.home) == {}
        assert program.state() == "setting_up"
        program("chat", QUESTION).failed("nothing_set_up", with_exit=REFUSED)
        starter_hub.behave()
        answers(program("up", "--yes"))
        assert model_files(program.home) == {STARTER_FILE: 98_362_432}


@pytest.mark.engine
def test_a_line_that_breaks(tmp_path: Path, starter_hub: StarterHub) -> None:
    starter_hub.behave(cut_after=40_000_000)
    with Program(tmp_path / "home", starter_hub.environment).cleaned() as program:
        answers(program(*UP))
        assert starter_hub.sent < 98_362_432 + 1_000_000


@pytest.mark.engine
@pytest.mark.parametrize("how", [{"ignore_range": True}, {"wrong_range": True}], ids=str)
def test_a_server_that_cannot_go_on_where_it_was(
    tmp_path: Path, starter_hub: StarterHub, how: dict[str, Any]
) -> None:
    """What it sends is never put behind what is here already."""
    with Program(tmp_path / "home", starter_hub.environment).cleaned() as program:
        starter_hub.behave(bytes_per_s=30e6)
        interrupted(program, 5_000_000)
        assert sum(part.stat().st_size for part in program.home.rglob("*.gguf.part")) > 4_000_000
        starter_hub.behave(**how)
        answers(program("up", "--yes"))


def interrupted(program: Program, at_bytes: int) -> None:
    """A set-up that was stopped in its download."""
    with downloading(program, at_bytes) as process:
        process.send_signal(signal.SIGINT)
        assert ended(process, UP, 20).code == 130


@contextmanager
def downloading(program: Program, at_bytes: int) -> Iterator[subprocess.Popen[bytes]]:
    """A set-up in its download, so many bytes into it."""
    process = program.begin(*UP)
    try:
        assert process.stderr is not None
        for line in process.stderr:
            told = json.loads(line)
            if told["step"] == "fetch_model" and told["done"] > at_bytes:
                break
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            ended(process, UP, 20)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


@pytest.mark.slow
def test_a_deepseek_model_with_a_wrong_byte(tmp_path: Path) -> None:
    """As long as the true one, and nothing of it is left or called ready."""
    repo = "bartowski/DeepSeek-R1-Distill-Qwen-1.5B-GGUF"
    file = "DeepSeek-R1-Distill-Qwen-1.5B-Q4_K_M.gguf"
    false = tmp_path / "false.gguf"
    with false.open("wb") as out:
        out.write(b"GGUF")
        out.truncate(1_117_330_240)
    with FileServer() as hub:
        hub.add(f"/{repo}/resolve/main/{file}", false)  # and no list of files
        with Program(tmp_path / "home", {"HF_ENDPOINT": hub.url}).cleaned() as program:
            words = ("up", "--yes", "--model", SMALL_ID, "--quant", "Q4_K_M")
            program(*words).failed("hash_wrong")
            assert model_files(program.home) == {}
            hub.behaviours[f"/{repo}/resolve/main/{file}"] = Behaviour(html=True)
            in_both(program, *words, code="not_the_file")


def test_no_hub_at_all(program: Program) -> None:
    words = ("up", "--yes", "--model", SMALL_ID)
    error = program(*words)
    assert error.code == FAILED, error
    assert error.error["code"] == "cannot_reach"
    assert model_files(program.home) == {}


@pytest.mark.engine
def test_without_a_hub_the_starter_stands_in(program: Program) -> None:
    made = answers(program("up", "--yes"))
    assert (made["starter"], made["pending"]["code"]) == (True, "no_source")
    assert made["pending"]["recommended"].startswith("deepseek")
    assert made["pending"]["message"]


# --- the disk ---------------------------------------------------------------------------------


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    folder.mkdir()
    size = f"size={megabytes}m"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.engine
@pytest.mark.docker
def test_a_disk_that_is_full_before(tmp_path: Path, starter_hub: StarterHub) -> None:
    with small_disk(tmp_path / "small", 60) as disk:
        program = Program(disk / "home", starter_hub.environment)
        error = in_both(program, *UP, code="disk_full")
        assert 0 < error["params"]["need_bytes"] < 100_000_000
        in_both(program, "up", "--yes", "--model", SMALL_ID, code="disk_full")
        assert program.changed_nothing()
        assert starter_hub.sent == 0
        with Program(disk / "home").cleaned() as packaged:  # it came along: no room is needed
            answers(packaged(*UP))


@pytest.mark.engine
@pytest.mark.docker
def test_a_disk_that_fills_in_a_download(tmp_path: Path, starter_hub: StarterHub) -> None:
    starter_hub.behave(bytes_per_s=30e6)
    with (
        small_disk(tmp_path / "small", 160) as disk,
        Program(disk / "home", starter_hub.environment).cleaned() as program,
    ):
        filler = disk / "somebody else's"
        with downloading(program, 10_000_000) as process:
            with filler.open("wb") as out:
                free = shutil.disk_usage(disk).free
                os.posix_fallocate(out.fileno(), 0, free - 5_000_000)
            ended(process, UP).failed("disk_full")
        assert model_files(program.home) == {}
        part = next(program.home.rglob("*.gguf.part")).stat().st_size
        assert part > 8_000_000
        for words in (("up", "--yes"), ("up", "--yes", "--model", "smollm2-135m-instruct")):
            error = program.in_chinese(*words).failed("disk_full")
            assert chinese(error["message"])
            # Only what is still missing, not the whole file again.
            assert error["params"]["need_bytes"] < 1.1 * (98_362_432 - part) + 1_000_000
        filler.unlink()
        answers(program("up", "--yes"))
        assert starter_hub.sent < 98_362_432 + 16_000_000


def test_a_home_that_cannot_be(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("here already")
    for home in (file, file / "below"):
        ran = Program(home)(*UP)
        assert (ran.code, ran.error["remedy"] != "") == (FAILED, True)
        assert ran.error["code"] in {"disk_fault", "folder_not_writable"}
    assert file.read_text() == "here already"


# --- what was written before ------------------------------------------------------------------


def test_settings_that_cannot_be_read(program: Program) -> None:
    program.home.mkdir(mode=0o700)
    settings = program.home / "settings.json"
    for content in ('{"version": 1, "language": 7}', "no JSON", '{"version": 999}'):
        settings.write_text(content)
        assert program("detect").code == DONE  # the defaults are used
        assert not settings.exists()
    aside = program("status").done()["set_aside"]
    assert sorted(Path(path).read_text() for path in aside) == sorted(
        ['{"version": 1, "language": 7}', "no JSON", '{"version": 999}']
    )
    for path in aside:
        assert path in program.plain("--language", "zh_CN", "status").out


@pytest.mark.engine
@pytest.mark.parametrize("damage", ["letters", "a page"])
def test_a_journal_that_cannot_be_read(program: Program, damage: str) -> None:
    """With a model running: it is not forgotten, and there are never two."""
    first = answers(program(*UP))
    journal = program.home / "journal.db"
    content = journal.read_bytes()
    bad = b"not a journal\n" * 99 if damage == "letters" else content[:4096] + b"\xaa" * 8192
    for suffix in ("-wal", "-shm"):
        journal.with_name(f"journal.db{suffix}").unlink(missing_ok=True)
    journal.write_bytes(bad)
    status = program("status").done()
    assert status["state"] == "nothing_set_up"
    (aside,) = [path for path in status["set_aside"] if "/journal.db.damaged" in path]
    assert Path(aside).read_bytes() == bad
    second = answers(program(*UP))
    assert second["deployment"] != first["deployment"]
    assert len(engines_of(program.home)) == 1
    assert program("status").done()["set_aside"] == status["set_aside"]


def engines_of(home: Path) -> set[int]:
    """Processes that have a file of this home open: the engines, as nobody else lives long."""
    found = set()
    for process in psutil.process_iter():
        try:
            paths = [file.path for file in process.open_files()]
        except psutil.Error:
            continue
        if any(path.startswith(str(home / "run")) for path in paths):
            found.add(process.pid)
    return found


def test_a_journal_of_a_later_version(tmp_path: Path) -> None:
    """It is left as it is: somebody may still need it."""
    program = Program(tmp_path / "home")
    assert program.state() == "nothing_set_up"
    journal = program.home / "journal.db"
    connection = sqlite3.connect(journal)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = journal.read_bytes()
    for words in (("status",), UP, ("down",)):
        in_both(program, *words, code="journal_newer")
    assert journal.read_bytes() == before


# --- two at once ------------------------------------------------------------------------------


@pytest.mark.engine
def test_a_second_command_while_one_sets_up(tmp_path: Path, starter_hub: StarterHub) -> None:
    starter_hub.behave(bytes_per_s=10e6)
    with Program(tmp_path / "home", starter_hub.environment).cleaned() as program:
        with downloading(program, 1_000_000) as process:
            in_both(program, *UP, code="busy_elsewhere", with_exit=REFUSED)
            program("down").failed("busy_elsewhere", with_exit=REFUSED)
            status = program("status").done()
            assert status["state"] == "setting_up"
            assert "url" not in status
            assert process.poll() is None
            starter_hub.behave()
        answers(program("up", "--yes"))


# --- ports ------------------------------------------------------------------------------------


@pytest.mark.engine
def test_a_port_that_was_taken_meanwhile(program: Program) -> None:
    url = answers(program(*UP))["url"]
    port = int(url.rpartition(":")[2])
    assert program("stop").code == DONE
    with socket.create_server(("127.0.0.1", port)):
        started = program("start").done()
        assert started["url"] != url
        assert "Paris" in program("chat", QUESTION).done()["answer"]


@pytest.mark.engine
@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_container_needs_no_port_of_ours(tmp_path: Path, real_bench: Bench) -> None:
    with (
        Program(tmp_path / "home", real_bench.environment).cleaned() as program,
        taken_port(8080),
    ):
        made = answers(program(*UP))
        assert made["engine"] == "llama.cpp"
        assert "Paris" in program("chat", QUESTION).done()["answer"]


@contextmanager
def taken_port(port: int) -> Iterator[None]:
    """The port is taken on every address; by us, or by somebody else already."""
    try:
        server = socket.create_server(("", port))
    except OSError:
        yield
        return
    with server:
        yield


# --- Docker -----------------------------------------------------------------------------------


@pytest.mark.engine
@pytest.mark.parametrize(
    ("address", "problem"),
    [
        (NO_DOCKER, "docker_not_running"),
        ("tcp://192.0.2.1:2375", "docker_remote"),
        ("ssh://somebody@192.0.2.1", "docker_remote"),
        ("steam://engine", "docker_remote"),
    ],
)
def test_an_engine_that_cannot_be_used(tmp_path: Path, address: str, problem: str) -> None:
    with Program(tmp_path / "home", {"DOCKER_HOST": address}).cleaned() as program:
        look = program("detect")
        assert look.done()["engine"]["problem"] == problem
        assert look.seconds < 8
        words = (*UP, "--engine", "llama.cpp")
        error = in_both(program, *words, code="engine_not_here", with_exit=REFUSED)
        assert error["detail"] == problem
        assert program.changed_nothing()
        assert answers(program(*UP))["engine"] == "builtin"


@pytest.fixture
def nobodys_home() -> Iterator[Path]:
    """A folder that another user can reach and owns."""
    folder = Path(tempfile.mkdtemp(prefix="dbench-"))
    os.chown(folder, NOBODY, NOBODY)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.mark.engine
@pytest.mark.docker
@pytest.mark.slow
def test_an_engine_that_lets_only_others_in(real_bench: Bench, nobodys_home: Path) -> None:
    folder = real_bench.dockerd.folder
    mode = folder.stat().st_mode
    folder.chmod(0o711)
    (folder / "docker.sock").chmod(0o660)
    somebody = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    environment = {**real_bench.environment, "HOME": str(nobodys_home)}
    try:
        with Program(nobodys_home / "home", environment, somebody).cleaned() as program:
            look = program("detect")
            assert look.done()["engine"]["problem"] == "docker_denied"
            words = (*UP, "--engine", "llama.cpp")
            error = in_both(program, *words, code="engine_not_here", with_exit=REFUSED)
            assert error["detail"] == "docker_denied"
    finally:
        folder.chmod(mode)
    # The way on. As ourselves: where Python stands in somebody's home, that user cannot start it.
    seen = nobodys_home / "seen.json"
    seen.write_text(look.out)
    with Program(nobodys_home / "ours").cleaned() as program:
        assert answers(program(*UP, "--machine", str(seen)))["engine"] == "builtin"


@pytest.mark.engine
@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_an_engine_that_hangs(tmp_path: Path, real_bench: Bench) -> None:
    """SIGSTOP: it takes calls and never answers. Before, and under a running model."""
    daemon = real_bench.dockerd
    with (
        Program(tmp_path / "before", real_bench.environment).cleaned() as program,
        frozen(daemon),
    ):
        look = program("detect")
        assert look.done()["engine"]["problem"] == "docker_hung"
        assert look.seconds < 8
        assert answers(program(*UP))["engine"] == "builtin"
    with Program(tmp_path / "under", real_bench.environment).cleaned() as program:
        made = answers(program(*UP))
        assert made["engine"] == "llama.cpp"
        with frozen(daemon):
            status = program("status")
            assert (status.done()["state"], status.json["note"]) == ("unknown", "docker_hung")
            assert status.seconds < 8
            program("chat", QUESTION).failed("docker_hung")
            program("stop").failed("docker_hung")
            assert chinese(program.in_chinese("down").failed("docker_hung")["message"])
        assert program.state() == "running"
        assert "Paris" in program("chat", QUESTION).done()["answer"]


@pytest.mark.engine
@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_container_that_somebody_took_away(tmp_path: Path, real_bench: Bench) -> None:
    with Program(tmp_path / "home", real_bench.environment).cleaned() as program:
        made = answers(program(*UP))
        with real_bench.dockerd.client() as client:
            client.remove_container(f"deepberth-{made['deployment']}", force=True)
        assert program.state() == "gone"
        in_both(program, "chat", QUESTION, code="endpoint_gone")
        program("start").failed("endpoint_gone")
        assert answers(program("up", "--yes"))["deployment"] == made["deployment"]


@pytest.mark.engine
def test_an_engine_that_was_ended(program: Program) -> None:
    """By the system, for want of memory say. It is told, and starts again."""
    answers(program(*UP))
    (engine,) = engines_of(program.home)
    os.kill(engine, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(engine)] if psutil.pid_exists(engine) else [], timeout=5)
    assert program.state() in {"failed", "stopped"}
    error = program("chat", QUESTION)
    assert error.code in {REFUSED, FAILED}
    assert error.error["code"] in {"engine_crashed", "not_running"}
    assert program("start").done()["state"] == "running"
    assert "Paris" in program("chat", QUESTION).done()["answer"]


@contextmanager
def frozen(daemon: Any) -> Iterator[None]:
    daemon.freeze()
    try:
        time.sleep(0.1)
        yield
    finally:
        daemon.carry_on()


@pytest.mark.engine
@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_an_image_that_the_registry_does_not_have(tmp_path: Path, real_bench: Bench) -> None:
    with Registry() as empty:
        environment = {**real_bench.environment, "DEEPBERTH_REGISTRY": f"ghcr.io={empty.address}"}
        with Program(tmp_path / "home", environment).cleaned() as program:
            error = in_both(program, *UP, code="image_missing")
            assert empty.address in error["message"]
            assert program.state() == "setting_up"
            made = answers(program(*UP, "--engine", "builtin"))  # the way on it names
            assert made["engine"] == "builtin"
            assert program("status").done()["setting_up"] is None
