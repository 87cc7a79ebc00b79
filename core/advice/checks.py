"""The article's warnings, looked at for the plan that comes first, and what the law may ask for.

The checks say only what this version really does. The checklist is general knowledge of the day
in `KNOWN_ON`, in plain words, and says itself that it is no legal advice.
"""

from __future__ import annotations

from dataclasses import replace

from core.advice.candidates import below_floor
from core.advice.quality import BITS, HUGE_PARAMS, bits, grade
from core.domain import (
    Accelerator,
    Answers,
    Check,
    EngineKind,
    Kind,
    Note,
    Profile,
    Recommendation,
    Sensitivity,
)

KNOWN_ON = "2026-11"

# Where the General Data Protection Regulation applies: the European Union and, with it, Iceland,
# Liechtenstein and Norway. The United Kingdom kept it as its own law.
_EUROPE = (
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK IS LI NO GB"
)
GDPR = frozenset(_EUROPE.split())

_GRADES = {3: "fine", 2: "small", 1: "noticeable"}  # a coarser one is below its floor
LARGEST_MEASURED = 70_000_000_000  # parameters
_CUDA = (Accelerator.CUDA, Accelerator.CUDA13)


def checks(first: Recommendation, profile: Profile) -> tuple[Check, ...]:
    """What the article warns of, for this plan. Nothing where no model would answer.

    States: ok, watch (good to know, nothing to do now), todo (for the person).
    """
    if first.kind is Kind.LOCAL and first.model is None:
        return ()
    return (
        _quantization(first),
        _lock_in(first),
        _monitoring(first),
        _versions(first),
        _compliance(first, profile.answers),
    )


def checklist(answers: Answers) -> tuple[Note, ...]:
    """What to think of before it is used, by country and by how private the content is."""
    country = answers.country.upper()
    private = answers.sensitivity is not Sensitivity.PUBLIC
    regulated = answers.sensitivity is Sensitivity.REGULATED
    found = ["not_advice", "verify_answers"]
    if country in GDPR and private:
        found += ["gdpr.household", "gdpr.basis", "gdpr.records", "gdpr.processor"]
        found += ["gdpr.transfer", "gdpr.deletion"]
        found += ["gdpr.assessment"] if regulated else []
    elif country == "CN":
        found += ["cn.own_use", "cn.public_service", "cn.label"]
        found += ["cn.pipl", "cn.abroad"] if private else []
    elif country == "US" and regulated:
        found += ["us.health"]
    elif private:
        found += ["local_law"]
    if private:
        found += ["disk", "secrets"]
    found += ["licence"]
    return tuple(
        Note(code=f"todo.{code}", params=(("date", KNOWN_ON),) if code == "not_advice" else ())
        for code in found
    )


def _quantization(first: Recommendation) -> Check:
    """How coarse the file is, and what that costs (core/advice/quality.py)."""
    model, quant = first.model, first.quant
    if model is None or quant is None:
        return _check("quantization", "watch", "provider")
    params = (("quant", quant.name),)
    if quant.name not in BITS:
        return _weights_of_vllm(quant.name)
    if below_floor(model, quant):
        return _check("quantization", "watch", "below_floor", params)
    if model.params_total >= HUGE_PARAMS and bits(quant) < BITS["Q4_K_M"]:
        return _check("quantization", "watch", "huge", params)
    # Our sources measured small models: a huge one is not said to lose less.
    step = grade(quant, replace(model, params_total=min(model.params_total, LARGEST_MEASURED)))
    return _check("quantization", "ok" if step >= 2 else "watch", _GRADES[step], params)


def _weights_of_vllm(name: str) -> Check:
    """Folders of weights for vLLM are named by format: by the tests of Neural Magic (2025-02) the
    distills lose nothing worth the name with eight bits, and up to 3 % with four."""
    params = (("quant", name),)
    if name.startswith(("FP8", "INT8")):
        return _check("quantization", "ok", "fine", params)
    if name.startswith("INT4"):
        return _check("quantization", "ok", "small", params)
    return _check("quantization", "watch", "not_known", params)


def _lock_in(first: Recommendation) -> Check:
    """What would be lost by leaving."""
    if first.kind is Kind.LOCAL and first.model is not None:
        return _check("lock_in", "ok", "local", (("licence", first.model.licence),))
    state = "watch" if first.kind in (Kind.CLOUD, Kind.TOKENS) else "ok"
    return _check("lock_in", state, first.kind.value)


def _monitoring(first: Recommendation) -> Check:
    """What is watched in this version, and what is not."""
    if first.kind in (Kind.CLOUD, Kind.TOKENS):
        return _check("monitoring", "todo", "provider")
    if first.accelerator in _CUDA:
        return _check("monitoring", "watch", "nvidia")
    on_card = first.accelerator is not Accelerator.CPU
    return _check("monitoring", "watch" if on_card else "ok", "card" if on_card else "processor")


def _versions(first: Recommendation) -> Check:
    """Whether the same thing runs tomorrow."""
    if first.kind is not Kind.LOCAL:
        return _check("versions", "watch", "provider")
    if first.engine is EngineKind.VLLM:
        return _check("versions", "todo", "vllm")
    engine = "builtin" if first.engine is EngineKind.BUILTIN else "container"
    ours = first.quant is not None and first.quant.sha256 is not None
    return _check("versions", "ok" if ours else "watch", f"{engine}.{'list' if ours else 'source'}")


def _compliance(first: Recommendation, answers: Answers) -> Check:
    """Where what is typed goes. The list beside it says what that may ask for."""
    if answers.sensitivity is Sensitivity.PUBLIC:
        stays = first.privacy == "stays_here"
        return _check("compliance", "ok", "public_here" if stays else "public_leaves")
    if first.privacy == "stays_here":
        return _check("compliance", "ok", "stays")
    return _check("compliance", "todo", "leaves")


def _check(id_: str, state: str, code: str, params: tuple[tuple[str, str], ...] = ()) -> Check:
    return Check(id=id_, state=state, note=Note(code=f"check.{id_}.{code}", params=params))
