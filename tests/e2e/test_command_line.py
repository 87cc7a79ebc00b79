"""The command line on real parts: a model set up, asked, stopped, started and taken away."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.assembly import assemble
from core.cli.columns import MOST, width
from core.domain import Accelerator, Proof
from core.edges.travel_files import decode_answers, decode_probe
from core.providers.hardening import INSTALL_LABEL
from core.setup.journal import open_journal
from tests.bench.bench import Bench
from tests.e2e.conftest import StarterHub
from tests.e2e.program import DONE, MACHINES, REFUSED, USAGE, Program, chinese, ended
from tests.unit.setup.plans import make_plan

QUESTION = "What is the capital of France?"
ANSWERS = {
    "sensitivity": "public",
    "budget": {"amount": 500, "currency": "USD"},
    "horizon_months": 12,
}
ENDPOINT = {
    "model": str,
    "model_name": str,
    "starter": bool,
    "distilled": bool,
    "quant": str,
    "engine": str,
    "provider": str,
    "where": str,
    "url": str,
    "context": int,
    "deployment": str,
    "proof": dict,
}
CARD = {
    "rank",
    "kind",
    "model",
    "quant",
    "engine",
    "image",
    "provider",
    "context",
    "fit",
    "speed",
    "cost",
    "first_answer_minutes",
    "privacy",
    "reasons",
    "why_not",
}


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    with Program(tmp_path / "home").cleaned() as it:
        yield it


def has_shape(data: dict[str, object], shape: dict[str, type]) -> None:
    for name, kind in shape.items():
        assert isinstance(data.get(name), kind), (name, data)


# --- looking and deciding ---------------------------------------------------------------------


def test_detect_writes_a_file_that_can_be_read_again(program: Program) -> None:
    ran = program("detect")
    found = ran.done()
    decode_probe(ran.out.encode())  # strict: the shape of the design
    assert found["os"] == "linux"
    assert found["ram_bytes"] > found["ram_free_bytes"] > 0
    assert found["network"]["hub"] != "ok"
    steps = {line["step"] for line in ran.progress if line["finished"]}
    assert {"cpu", "memory", "disk", "engine", "network"} <= steps
    assert not program.home.exists()  # a look leaves nothing behind


def test_a_file_of_detect_can_be_asked_about(program: Program, tmp_path: Path) -> None:
    machine = tmp_path / "this.json"
    machine.write_text(program("detect").out)
    advice = program("recommend", "--machine", str(machine)).done()
    assert advice["recommendations"]


@pytest.mark.parametrize("machine", sorted(MACHINES.glob("*.json")), ids=lambda path: path.stem)
def test_advice_about_any_machine(program: Program, tmp_path: Path, machine: Path) -> None:
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps(ANSWERS))
    decode_answers(answers.read_bytes())
    advice = program("recommend", "--machine", str(machine), "--answers", str(answers)).done()
    assert set(advice) >= {"tree", "recommendations", "assumptions"}
    assert advice["tree"]["verdict"] in {"local", "hybrid", "tokens", "cloud"}
    cards = advice["recommendations"]
    assert [card["rank"] for card in cards] == list(range(1, len(cards) + 1))
    for card in cards:
        assert set(card) >= CARD
        assert card["kind"] in {"local", "hybrid", "tokens", "cloud"}
        assert all("code" in reason for reason in card["reasons"] + card["why_not"])
        assert card["reasons"] or card["why_not"]
        assert set(card["cost"]) >= {"monthly", "total", "currency"}
        if card["model"]:
            assert set(card["fit"]) >= {"verdict", "needed_bytes", "available_bytes"}
            for part in card["fit"]["parts"]:
                assert part["needed_bytes"] <= part["available_bytes"]
            low, high = card["speed"]["tokens_per_s"]
            assert 0 < low <= high


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("machine", ["rtx4070-12gb", "two-rtx3090", "raspberry-pi-5", "full-disk"])
def test_advice_for_a_person(program: Program, language: str, machine: str) -> None:
    words = ("recommend", "--machine", str(MACHINES / f"{machine}.json"))
    for more in ((), ("--all",)):
        ran = program.plain("--language", language, *words, *more)
        assert (ran.code, ran.err) == (DONE, ""), ran
        assert "DeepSeek" in ran.out
        assert chinese(ran.out) is (language == "zh_CN")
        assert not set("{}[]") & set(ran.out), "a code without its sentence"
        assert max(map(width, ran.out.splitlines())) <= MOST, ran


def test_ones_own_figures_change_the_cost(program: Program, tmp_path: Path) -> None:
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps({**ANSWERS, "country": "DE"}))
    words = ("recommend", "--machine", str(MACHINES / "rtx4070-12gb.json"))
    words += ("--answers", str(answers))
    plain = program(*words).done()
    said = ("--assume", "hours-per-day=8", "--assume", "kwh-price=0.5 EUR")
    said += ("--assume", "stay-share=1", "--assume", "count-hardware=yes")
    other = program(*words, *said).done()
    assert other["inputs"]["hours_per_day"] == 8
    assert other["inputs"]["kwh_price"] == {"amount": 0.5, "currency": "EUR"}
    before, after = (data["recommendations"][0]["cost"] for data in (plain, other))
    assert after["monthly"][1] > 4 * before["monthly"][1]
    assert "hardware_here" in [line["code"] for line in after["lines"]]
    assert any(price["own"] and price["unit"] == "kwh" for price in after["prices"])


def test_ones_own_prices_take_the_place_of_ours(program: Program, tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    own.write_text(
        "format = 2\n[[tariffs]]\ncountry = 'US'\nprice = 9.99\n"
        "source = {text = 'my bill', date = '2026-11'}\n"
    )
    words = ("recommend", "--machine", str(MACHINES / "rtx4070-12gb.json"))
    advice = program(*words, "--prices", str(own)).done()
    (price,) = advice["recommendations"][0]["cost"]["prices"]
    assert (price["amount"], price["source"], price["date"]) == (9.99, "my bill", "2026-11")
    kinds = {card["kind"] for card in advice["recommendations"]}
    assert kinds == {"local"}, "nobody knows what the others would cost"


def test_any_model_file_on_any_machine(
    program: Program, starter_hub: StarterHub, starter_model: Path
) -> None:
    words = ("recommend", "--machine", str(MACHINES / "two-rtx3090.json"), "--gguf")
    here = program(*words, str(starter_model)).done()
    assert (here["verdict"], here["model"]["layers"]) == ("comfortable", 30)
    for told in here["contexts"]:
        assert told["fit"]["parts"][0]["device"] == "NVIDIA GeForce RTX 3090"
        assert 0 < told["speed"]["tokens_per_s"][0] <= told["speed"]["tokens_per_s"][1]
    there = program(*words, starter_hub.server.url + starter_hub.path).done()
    assert there["contexts"] == here["contexts"]
    assert starter_hub.server.sent[starter_hub.path] < starter_model.stat().st_size / 2
    for language in ("en", "zh_CN"):
        ran = program.plain("--language", language, *words, str(starter_model))
        assert (ran.code, ran.err) == (DONE, ""), ran
        assert chinese(ran.out) is (language == "zh_CN")
        assert max(map(width, ran.out.splitlines())) <= MOST, ran
    assert not program.home.exists()


def test_what_was_measured_here_replaces_the_estimate(program: Program, tmp_path: Path) -> None:
    ways = [way for way in program("recommend").done()["recommendations"] if way["model"]]
    assert {way["speed"]["basis"] for way in ways} == {"estimate"}
    models = {model.id: model for model in assemble(program.env).catalog.models}
    journal = open_journal(program.home / "journal.db")
    for number, way in enumerate(ways):
        model = models[way["model"]]
        plan = replace(
            make_plan(tmp_path, b"", id=f"plan-{number}"),
            model=model,
            quant=next(quant for quant in model.quants if quant.name == way["quant"]),
            accelerator=Accelerator(way["accelerator"]),
        )
        deployment = journal.begin(plan)
        proof = Proof(first_token_s=0.4, tokens_per_s=11.5, answer="Paris", on_gpu=None)
        journal.set_proof(deployment.id, proof)
        journal.close(deployment.id, "removed")
    journal.close_file()
    known = {(way["model"], way["quant"], way["accelerator"]) for way in ways}
    after = program("recommend").done()["recommendations"]
    speeds = [
        way["speed"] for way in after if (way["model"], way["quant"], way["accelerator"]) in known
    ]
    assert speeds
    for speed in speeds:
        low, high = speed["tokens_per_s"]
        assert speed["basis"] == "measured"
        assert low <= 11.5 <= high < 1.3 * low
    elsewhere = ("--machine", str(MACHINES / "laptop-16gb-integrated.json"))
    others = program("recommend", *elsewhere).done()["recommendations"]
    assert {way["speed"]["basis"] for way in others if way["speed"]} == {"estimate"}


# --- both engines, from nothing to an answer and back -----------------------------------------


def walk(program: Program, engine: str) -> str:
    """Sets up, asks, looks, stops and starts. Returns the deployment's id."""
    up = program("up", "--starter", "--yes")
    made = up.done()
    has_shape(made, ENDPOINT)
    assert (made["engine"], made["where"], made["starter"]) == (engine, "this_computer", True)
    assert "Paris" in made["proof"]["answer"]
    finished = [line["step"] for line in up.progress if line["finished"]]
    assert finished[-3:] == ["create", "load", "rehearse"]
    again = program("up", "--yes")
    assert again.done()["deployment"] == made["deployment"]
    assert again.json["proof"] == made["proof"]
    assert again.seconds < 10
    answer = program("chat", QUESTION).done()
    assert "Paris" in answer["answer"]
    assert (answer["model"], answer["where"]) == (made["model"], "this_computer")
    assert answer["first_token_s"] > 0
    assert answer["tokens_per_s"] > 1
    status = program("status").done()
    has_shape(status, ENDPOINT)
    assert (status["state"], status["set_aside"]) == ("running", [])
    assert "DEEPBERTH_HOME" in status["overridden"]
    assert program("stop").done() == {"state": "stopped"}
    assert program.state() == "stopped"
    program("chat", QUESTION).failed("not_running", with_exit=REFUSED)
    assert program("stop").code == DONE
    started = program("start").done()
    assert (started["state"], started["deployment"]) == ("running", made["deployment"])
    assert "Paris" in program("chat", QUESTION).done()["answer"]
    return str(made["deployment"])


def gone(program: Program) -> None:
    """Takes it away, twice."""
    receipt = program("down").done()
    assert set(receipt) == {"removed", "kept", "freed_bytes"}
    assert [note["code"] for note in receipt["removed"]] == ["receipt.engine_removed"]
    assert all(note["message"] for note in receipt["removed"] + receipt["kept"])
    assert program("down").done()["removed"] == []
    assert program.state() == "nothing_set_up"
    program("chat", QUESTION).failed("nothing_set_up", with_exit=REFUSED)
    assert list((program.home / "run").iterdir()) == []


@pytest.mark.engine
def test_the_built_in_engine(program: Program) -> None:
    walk(program, "builtin")
    gone(program)


@pytest.mark.engine
@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_container(tmp_path: Path, real_bench: Bench) -> None:
    with Program(tmp_path / "home", real_bench.environment).cleaned() as program:
        deployment = walk(program, "llama.cpp")
        ours = {"label": f"{INSTALL_LABEL}={(program.home / 'install-id').read_text()}"}
        with real_bench.dockerd.client() as client:
            (container,) = client.containers(all=True, filters=ours)
            assert container["Names"] == [f"/deepberth-{deployment}"]
            gone(program)
            assert client.containers(all=True, filters=ours) == []
            assert client.networks(filters=ours) == []


@pytest.mark.engine
@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_for_a_person(program: Program, language: str) -> None:
    def say(*words: str) -> str:
        ran = program.plain("--language", language, *words)
        assert ran.code == DONE, ran
        assert chinese(ran.out) is (language == "zh_CN"), ran
        assert not set("{}[]") & set(ran.out), ran
        assert not ran.err, ran
        return ran.out

    assert "SmolLM2-135M-Instruct" in say("up", "--starter", "--yes")
    assert "SmolLM2-135M-Instruct" in say("status")
    answer = say("chat", QUESTION)
    assert "Paris" in answer.splitlines()[0]
    assert "smollm2" in answer.splitlines()[-1]
    say("stop")
    say("start")
    say("down")
    assert say("status").count("\n") == 1
    error = program.plain("--language", language, "chat", QUESTION)
    assert (error.code, error.out) == (REFUSED, "")
    assert chinese(error.err) is (language == "zh_CN")


# --- consent, usage, interrupts ---------------------------------------------------------------


def test_without_consent_nothing_changes(program: Program) -> None:
    error = program("up", "--starter").failed("consent_needed", with_exit=REFUSED)
    assert error["params"]["model"] == "SmolLM2-135M-Instruct"
    assert program.changed_nothing()
    assert chinese(program.in_chinese("up", "--starter").error["message"])


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["dance"],
        ["chat"],
        ["chat", "one", "two"],
        ["up", "--context", "many"],
        ["up", "--engine", "steam"],
        ["up", "--engine", "vllm"],
        ["recommend", "--assume"],
        ["recommend", "--gguf", "a.gguf", "--assume", "stay-share=1"],
        ["recommend", "--gguf", "a.gguf", "--prices", "mine.toml"],
        ["status", "--loudly"],
        ["status", "--language", "tlh"],
    ],
    ids=" ".join,
)
def test_usage(program: Program, words: list[str]) -> None:
    ran = program(*words)
    assert ran.code == USAGE, ran
    assert ran.error["code"] == "usage"
    assert ran.err == ""
    other = program("--language", "zh_CN", *words)
    assert (other.code, other.error["code"]) == (USAGE, "usage")
    assert chinese(other.error["message"])
    assert chinese(other.error["remedy"])
    assert not program.home.exists()


@pytest.mark.engine
def test_an_interrupt_is_taken_up_later(tmp_path: Path, starter_hub: StarterHub) -> None:
    """Ctrl-C in a download: it says so at once, and the next run goes on."""
    starter_hub.behave(bytes_per_s=40e6)
    with Program(tmp_path / "home", starter_hub.environment).cleaned() as program:
        words = ("up", "--starter", "--yes")
        process = program.begin(*words)
        assert process.stderr is not None
        for line in process.stderr:
            told = json.loads(line)
            if told["step"] == "fetch_model" and told["done"] > 1_000_000:
                break
        process.send_signal(signal.SIGINT)
        ran = ended(process, words, 20)
        assert (ran.code, ran.json) == (130, {"cancelled": True})
        status = program("status").done()
        assert (status["state"], status["setting_up"]) == ("setting_up", "smollm2-135m-instruct")
        program("chat", QUESTION).failed("nothing_set_up", with_exit=REFUSED)
        assert "Paris" in program("up", "--yes").done()["proof"]["answer"]
        assert program("status").done()["setting_up"] is None
