"""How fast a model will write, and how long a person waits for an answer, as ranges.

An estimate from the bandwidth of the hardware; what was measured on this computer stands in its
place, or moves it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from core.advice.bandwidth import FITTED, Hardware, bandwidth_known
from core.advice.first_token import PROMPT_TOKENS, prompt_s
from core.advice.token_time import USED_CONTEXT, Load, active_bytes, loads, token_s, whole
from core.domain import (
    Accelerator,
    Catalog,
    Fit,
    Measured,
    Model,
    Probe,
    Profile,
    Quant,
    Speed,
    Verdict,
)

__all__ = [
    "ANSWER_TOKENS",
    "COMFORTABLE_TOKENS_PER_S",
    "PROMPT_TOKENS",
    "THINKING_TOKENS",
    "USED_CONTEXT",
    "active_bytes",
    "bandwidth_known",
    "calibrated",
    "calibration",
    "measured_speed",
    "predict_speed",
]

COMFORTABLE_TOKENS_PER_S = 8.0  # below this, waiting for a model that thinks first is no pleasure
# A distill of R1 thinks for thousands of tokens; its README advises room for 32,768. No mean was
# found for everyday questions: 3,000 is taken, 100 seconds at 30 tokens/s.
THINKING_TOKENS = 3000
# Mean length of an answer in ShareGPT, 338 tokens (Kwon et al. 2023, PagedAttention, figure 11;
# from general knowledge, not looked up again).
ANSWER_TOKENS = 340

# Low and high end around the formula: four in five of the benchmark's left-out runs lie within.
SPREAD = (0.8, 1.25)
OWN_SPREAD = (0.85, 1.18)  # where other runs of this very card are known
PROCESSOR_SPREAD = (0.6, 1.25)  # few of them get the same of their data sheet
EXPERT_SPREAD = (0.55, 1.7)  # how well a router's picks are read differs most
MEASURED_SPREAD = (0.9, 1.1)  # the same answer again, on the same computer

SLOWEST, FASTEST = 0.01, 10_000.0  # tokens/s: what lies outside is a mistake in what was read
LONGEST_S = 1e6
LEAST_CALIBRATING_PARAMS = 1_000_000_000
CALIBRATION_BOUNDS = (0.25, 2.0)


def predict_speed(
    model: Model,
    quant: Quant,
    fit: Fit,
    catalog: Catalog,
    probe: Probe,
    *,
    context: int = USED_CONTEXT,
) -> Speed:
    """Tokens per second of this model as it lies in memory, with `context` tokens before it."""
    parts = loads(model, quant, fit, catalog, probe, context)
    low, high = spread(parts)
    slow = _bounded(low / token_s(parts, FITTED, fast=False))
    fast = _bounded(high / token_s(parts, FITTED, fast=True))
    prompt = prompt_s(model, [(part.reading, part.layers) for part in parts])
    first = prompt and (_first(prompt[0], fast), _first(prompt[1], slow))
    return Speed(
        tokens_per_s=(_rounded(slow), _rounded(fast)),
        basis="estimate",
        first_token_s=_rounded_range(first),
        answer_s=_rounded_range(_answer_s(model, (slow, fast), first)),
    )


def spread(parts: tuple[Load, ...]) -> tuple[float, float]:
    """The widest of what the devices ask for."""
    spreads = [_spread_of(part) for part in parts]
    return min(low for low, _ in spreads), max(high for _, high in spreads)


def _spread_of(part: Load) -> tuple[float, float]:
    if part.experts:
        return EXPERT_SPREAD
    if part.reading.hardware is Hardware.PROCESSOR:
        return PROCESSOR_SPREAD
    return OWN_SPREAD if part.reading.own_runs(experts=False) else SPREAD


def measured_speed(
    profile: Profile, model: Model, quant: Quant, accelerator: Accelerator
) -> Speed | None:
    """What this very model really did here, in place of an estimate: the newest run of it. The time
    to the first word is that of the question asked then, which may have been a short one."""
    for run in profile.measured:
        if (run.model_id, run.quant_name, run.accelerator) != (model.id, quant.name, accelerator):
            continue
        if not _usable(run):
            continue
        low, high = (run.tokens_per_s * end for end in MEASURED_SPREAD)
        first = (
            (run.first_token_s * MEASURED_SPREAD[0], run.first_token_s * MEASURED_SPREAD[1])
            if 0 < run.first_token_s <= LONGEST_S
            else None
        )
        return Speed(
            tokens_per_s=(_rounded(low), _rounded(high)),
            basis="measured",
            first_token_s=_rounded_range(first),
            answer_s=_rounded_range(_answer_s(model, (low, high), first)),
        )
    return None


def calibration(profile: Profile, catalog: Catalog) -> Mapping[Accelerator, float]:
    """By how much this computer is faster or slower than we reckon, by its newest measurement.

    Only from models of a billion parameters on: the time of a smaller one, like that of the
    starter, goes into the calls per layer and says little of how the memory is read. And only
    where we can tell how the model lay: all of it on the first device of its kind that holds it.
    The factors are for plans on one kind of device, not for what spills over.
    """
    found: dict[Accelerator, float] = {}
    for run in profile.measured:
        if run.accelerator in found or not _usable(run):
            continue
        predicted = _predicted(run, profile, catalog)
        if predicted is not None:
            low, high = CALIBRATION_BOUNDS
            found[run.accelerator] = min(max(run.tokens_per_s / predicted, low), high)
    return found


def calibrated(speed: Speed, model: Model, factor: float) -> Speed:
    """The estimate for `model`, moved by what was measured here with another one.

    Where the bandwidth was unknown and the range therefore wide, the measurement stands in for it,
    unless it lies beyond the bounds and so contradicts what we believe of this hardware.
    """
    if speed.basis != "estimate" or not math.isfinite(factor) or factor <= 0:
        return speed
    low, high = (end * factor for end in speed.tokens_per_s)
    ends = EXPERT_SPREAD if model.experts else SPREAD
    least, most = CALIBRATION_BOUNDS
    if least < factor < most and high / low > EXPERT_SPREAD[1] / EXPERT_SPREAD[0]:
        middle = math.sqrt(low * high)
        low, high = middle * ends[0], middle * ends[1]
    low, high = _bounded(low), _bounded(high)
    return replace(
        speed,
        tokens_per_s=(_rounded(low), _rounded(high)),
        answer_s=_rounded_range(_answer_s(model, (low, high), speed.first_token_s)),
    )


def _predicted(run: Measured, profile: Profile, catalog: Catalog) -> float | None:
    model = next((found for found in catalog.models if found.id == run.model_id), None)
    if model is None or model.params_total < LEAST_CALIBRATING_PARAMS:
        return None
    quant = next((found for found in model.quants if found.name == run.quant_name), None)
    device = next(
        (
            found
            for found in profile.devices
            if quant is not None
            and found.accelerator is run.accelerator
            and quant.size_bytes <= found.free_bytes
        ),
        None,
    )
    if quant is None or device is None:
        return None
    fit = Fit(
        verdict=Verdict.COMFORTABLE,
        needed_bytes=0,
        available_bytes=0,
        parts=(whole(model, quant, device),),
    )
    low, high = predict_speed(model, quant, fit, catalog, profile.probe).tokens_per_s
    return math.sqrt(low * high)


def _answer_s(
    model: Model, tokens_per_s: tuple[float, float], first: tuple[float, float] | None
) -> tuple[float, float]:
    """A model that may think or not: the quick end without thoughts, the slow end with them."""
    least = ANSWER_TOKENS + (THINKING_TOKENS if model.thinking == "always" else 0)
    most = ANSWER_TOKENS + (0 if model.thinking == "none" else THINKING_TOKENS)
    start = first or (0.0, 0.0)
    return start[0] + least / tokens_per_s[1], start[1] + most / tokens_per_s[0]


def _first(prompt_s: float, tokens_per_s: float) -> float:
    """The question's last token gives the first one of the answer, so none is added; but all
    weights are read at least once."""
    return min(max(prompt_s, 1 / tokens_per_s), LONGEST_S)


def _usable(run: Measured) -> bool:
    """NaN is neither above nor below anything, so it is refused too."""
    return 0 < run.tokens_per_s <= FASTEST


def _bounded(tokens_per_s: float) -> float:
    return min(max(tokens_per_s, SLOWEST), FASTEST)


def _rounded(value: float) -> float:
    """Three digits: more would say more than is known."""
    return float(f"{value:.3g}")


def _rounded_range(ends: tuple[float, float] | None) -> tuple[float, float] | None:
    return None if ends is None else (_rounded(ends[0]), _rounded(ends[1]))
