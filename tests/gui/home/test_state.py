"""What is shown, from what was seen."""

from __future__ import annotations

import pytest

from core.domain import Accelerator, EndpointState, Proof, Status
from gui.home.health import checks_of
from gui.home.state import Look, Mood, look_of, short_name, sidebar_state
from tests.gui.home.parts import a_model, a_plan, an_endpoint

S = EndpointState


@pytest.mark.parametrize(
    ("plan", "endpoint", "state", "acting", "mood"),
    [
        (False, False, None, "", Mood.LOOKING),
        (False, False, S.GONE, "", Mood.EMPTY),
        (False, False, S.UNKNOWN, "", Mood.TROUBLE),
        (True, False, S.STOPPED, "", Mood.HALF),
        (True, False, S.RUNNING, "", Mood.HALF),
        (True, True, S.STOPPED, "", Mood.STOPPED),
        (True, True, S.STARTING, "", Mood.STARTING),
        (True, True, S.LOADING, "", Mood.STARTING),
        (True, True, S.RUNNING, "", Mood.RUNNING),
        (True, True, S.FAILED, "", Mood.TROUBLE),
        (True, True, S.UNKNOWN, "", Mood.TROUBLE),
        (True, True, S.GONE, "", Mood.TROUBLE),
        (True, True, S.RUNNING, "stop", Mood.STOPPING),
        (True, True, S.STOPPED, "start", Mood.STARTING),
        (True, True, S.RUNNING, "remove", Mood.REMOVING),
    ],
)
def test_each_state_has_its_mood(
    plan: bool, endpoint: bool, state: EndpointState | None, acting: str, mood: Mood
) -> None:
    look = look_of(
        a_plan() if plan else None,
        an_endpoint() if endpoint else None,
        Status(state=state) if state else None,
        acting,
    )
    assert look.mood is mood
    assert sidebar_state(mood) in ("stopped", "starting", "running-local", "warning")


def _running(proof: Proof | None, accelerator: Accelerator) -> Look:
    return Look(
        mood=Mood.RUNNING, plan=a_plan(accelerator=accelerator), endpoint=an_endpoint(proof=proof)
    )


def _proof(on_gpu: bool | None) -> Proof:
    return Proof(first_token_s=1.0, tokens_per_s=9.0, answer="x", on_gpu=on_gpu)


@pytest.mark.parametrize(
    ("proof", "accelerator", "codes"),
    [
        (None, Accelerator.CUDA, ["answers", "right_model"]),
        (_proof(None), Accelerator.CUDA, ["answers", "right_model"]),
        (_proof(True), Accelerator.CUDA, ["answers", "right_model", "on_gpu"]),
        (_proof(False), Accelerator.CUDA, ["not_on_gpu", "answers", "right_model"]),
        (_proof(False), Accelerator.CPU, ["answers", "right_model"]),
    ],
)
def test_only_what_was_looked_at_is_listed(
    proof: Proof | None, accelerator: Accelerator, codes: list[str]
) -> None:
    assert [check.code for check in checks_of(_running(proof, accelerator))] == codes


def test_nothing_is_claimed_of_a_model_that_does_not_run() -> None:
    assert checks_of(Look(mood=Mood.STOPPED, plan=a_plan())) == ()


def test_short_names() -> None:
    assert short_name(a_model()) == "R1-Distill-Qwen-7B"
    assert short_name(a_model(starter=True)) == "SmolLM2-135M-Instruct"
