"""How fast a model will write, and how long a person waits for an answer, as ranges.

Writing is bound by how fast the weights can be read: one token takes the bytes read, divided by
the bandwidth that a model really gets, plus a fixed time per layer. Devices work one after the
other, so their times add up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.advice.bandwidth import FITTED, Constants, Hardware, Reading, bandwidth_known, reading
from core.advice.first_token import PROMPT_TOKENS, prompt_s
from core.domain import (
    Accelerator,
    Catalog,
    Device,
    Fit,
    FitPart,
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

USED_CONTEXT = 1024  # tokens already in the conversation; a longer one is slower
COMFORTABLE_TOKENS_PER_S = 8.0  # below this, waiting for a model that thinks first is no pleasure
# A distill of R1 thinks for thousands of tokens: up to 32,768 are advised (its README).
THINKING_TOKENS = 3000
# Mean length of an answer in ShareGPT, 338 tokens (Kwon et al. 2023, PagedAttention, figure 11).
ANSWER_TOKENS = 340

# Around the formula, from what the benchmark's left-out runs came to.
SPREAD = (0.8, 1.25)
EXPERT_SPREAD = (0.6, 1.6)
MEASURED_SPREAD = (0.9, 1.1)  # the same answer again, on the same computer

SLOWEST, FASTEST = 0.01, 10_000.0  # tokens/s: what lies outside is a mistake in what was read
# A smaller model's time goes into the calls per layer and says little of how a large one reads.
LEAST_CALIBRATING_PARAMS = 1_000_000_000
CALIBRATION_BOUNDS = (0.25, 2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one device reads and does for one token."""

    weight_bytes: float
    cache_bytes: float
    sparse_cache: bool
    layers: float
    experts: bool
    reading: Reading


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
    spread = EXPERT_SPREAD if model.experts else SPREAD
    slow = _bounded(spread[0] / token_s(parts, FITTED, fast=False))
    fast = _bounded(spread[1] / token_s(parts, FITTED, fast=True))
    prompt = prompt_s(model, [(part.reading, part.layers) for part in parts])
    first = None if prompt is None else (prompt[0] + 1 / fast, prompt[1] + 1 / slow)
    return Speed(
        tokens_per_s=(_rounded(slow), _rounded(fast)),
        basis="estimate",
        first_token_s=_rounded_range(first),
        answer_s=_rounded_range(_answer_s(model, (slow, fast), first)),
    )


def active_bytes(model: Model, quant: Quant, context: int = USED_CONTEXT) -> float:
    """What is read from memory for one token: the weights, of the experts only the used share,
    and the cache of `context` tokens."""
    return _active_weights(model, quant) + _cache_bytes(model, quant, context)


def loads(
    model: Model, quant: Quant, fit: Fit, catalog: Catalog, probe: Probe, context: int
) -> tuple[Load, ...]:
    """How the work for one token is shared out. What is not said lies on the processor."""
    parts = fit.parts or (_on_processor(model, quant),)
    read = [_read_bytes(model, part) for part in parts]
    cached = [_finite(part.kv_bytes) for part in parts]
    layers = [_finite(part.layers) for part in parts]
    weights, cache = _active_weights(model, quant), _cache_bytes(model, quant, context)
    return tuple(
        Load(
            weight_bytes=weights * _share(read, index),
            cache_bytes=cache * _share(cached if sum(cached) else layers, index),
            sparse_cache=model.attention is not None and model.attention.kind == "csa_hca",
            layers=_finite(model.layers) * _share(layers, index),
            experts=model.experts is not None,
            reading=reading(part.device, catalog, probe),
        )
        for index, part in enumerate(parts)
    )


def token_s(parts: tuple[Load, ...], constants: Constants, *, fast: bool) -> float:
    """Seconds for one token, at the fast or the slow end of what the bandwidths may be."""
    return sum(load_s(part, constants, fast=fast) for part in parts)


def load_s(part: Load, constants: Constants, *, fast: bool) -> float:
    hardware = part.reading.hardware
    layer_s = constants.expert_layer_s if part.experts else constants.layer_s
    cost = constants.sparse_cache_cost if part.sparse_cache else constants.cache_cost
    gbs = part.reading.gbs[1 if fast else 0]
    read = part.weight_bytes + part.cache_bytes * cost
    return read / (gbs * 1e9 * constants.share[hardware]) + part.layers * layer_s[hardware]


def measured_speed(
    profile: Profile, model: Model, quant: Quant, accelerator: Accelerator
) -> Speed | None:
    """What this very model really did here, in place of an estimate."""
    for run in profile.measured:
        if (run.model_id, run.quant_name, run.accelerator) != (model.id, quant.name, accelerator):
            continue
        if not _usable(run):
            continue
        low, high = (run.tokens_per_s * end for end in MEASURED_SPREAD)
        first = (
            (run.first_token_s * MEASURED_SPREAD[0], run.first_token_s * MEASURED_SPREAD[1])
            if math.isfinite(run.first_token_s) and run.first_token_s > 0
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

    Only from models of a billion parameters on, and only where we can tell how the model lay: all
    of it on the first device of its kind that holds it.
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


def calibrated(speed: Speed, factor: float) -> Speed:
    """An estimate, moved by what was measured here with another model."""
    if speed.basis != "estimate" or not math.isfinite(factor) or factor <= 0:
        return speed
    low, high = speed.tokens_per_s

    def slower(range_s: tuple[float, float] | None) -> tuple[float, float] | None:
        return _rounded_range(range_s and (range_s[0] / factor, range_s[1] / factor))

    return replace(
        speed,
        tokens_per_s=(_rounded(_bounded(low * factor)), _rounded(_bounded(high * factor))),
        first_token_s=slower(speed.first_token_s),
        answer_s=slower(speed.answer_s),
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
        parts=(_whole(model, quant, device),),
    )
    low, high = predict_speed(model, quant, fit, catalog, profile.probe).tokens_per_s
    return math.sqrt(low * high)


def _whole(model: Model, quant: Quant, device: Device) -> FitPart:
    return FitPart(
        device=device,
        layers=model.layers,
        weights_bytes=quant.size_bytes,
        expert_bytes=quant.expert_bytes,
        repacked_bytes=0,
        kv_bytes=0,
        compute_bytes=0,
        overhead_bytes=0,
        available_bytes=0,
    )


def _on_processor(model: Model, quant: Quant) -> FitPart:
    return _whole(
        model, quant, Device(name="", accelerator=Accelerator.CPU, free_bytes=0, gpu=None)
    )


def _active_weights(model: Model, quant: Quant) -> float:
    """The input embedding is looked up, not read through."""
    weights = _finite(quant.size_bytes) - _finite(quant.token_embd_bytes)
    experts = min(_finite(quant.expert_bytes), max(weights, 0.0))
    if model.experts is not None and not experts:
        # The catalogue does not say how large the experts are: by the parameters then.
        return max(weights, 1.0) * _part(model.params_active, model.params_total)
    return max(weights - experts * (1 - _used(model)), 1.0)


def _read_bytes(model: Model, part: FitPart) -> float:
    experts = _finite(part.expert_bytes)
    return max(_finite(part.weights_bytes) - experts * (1 - _used(model)), 0.0)


def _used(model: Model) -> float:
    return 1.0 if model.experts is None else _part(model.experts.used, model.experts.count)


def _part(some: float, all_: float) -> float:
    return min(max(_finite(some) / _finite(all_), 0.0), 1.0) if _finite(all_) else 1.0


def _cache_bytes(model: Model, quant: Quant, context: int) -> float:
    kept = model.attention
    if kept is None:
        return 0.0
    per_layer = {
        "gqa": kept.kv_heads * (kept.key_dim + kept.value_dim),
        "mla": kept.kv_lora_rank + kept.rope_dim,
        "dsa": kept.kv_lora_rank + kept.rope_dim + kept.indexer_dim,
    }
    return _finite(2 * model.layers * per_layer.get(kept.kind, 0)) * _finite(context)


def _answer_s(
    model: Model, tokens_per_s: tuple[float, float], first: tuple[float, float] | None
) -> tuple[float, float]:
    """A model that may think or not: the quick end without thoughts, the slow end with them."""
    least = ANSWER_TOKENS + (THINKING_TOKENS if model.thinking == "always" else 0)
    most = ANSWER_TOKENS + (0 if model.thinking == "none" else THINKING_TOKENS)
    start = first or (0.0, 0.0)
    return start[0] + least / tokens_per_s[1], start[1] + most / tokens_per_s[0]


def _share(of: list[float], index: int) -> float:
    total = sum(of)
    return of[index] / total if total > 0 else 1 / len(of)


def _usable(run: Measured) -> bool:
    return math.isfinite(run.tokens_per_s) and run.tokens_per_s > 0


def _finite(value: float) -> float:
    """A number as it can be reckoned with: below zero nothing, and nothing without end."""
    return float(min(max(value, 0), 10**18)) if value == value else 0.0


def _bounded(tokens_per_s: float) -> float:
    return min(max(tokens_per_s, SLOWEST), FASTEST)


def _rounded(value: float) -> float:
    """Three digits: more would say more than is known."""
    return float(f"{value:.3g}")


def _rounded_range(ends: tuple[float, float] | None) -> tuple[float, float] | None:
    return None if ends is None else (_rounded(ends[0]), _rounded(ends[1]))
