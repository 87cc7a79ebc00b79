"""How long one token takes, from what each device reads for it.

Writing is bound by how fast the weights can be read: one token takes the bytes read, divided by
the bandwidth that a model really gets, plus a fixed time per layer. Devices work one after the
other, so their times add up.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.advice.bandwidth import Constants, Reading, reading
from core.advice.memory import kv_bytes
from core.domain import Accelerator, Catalog, Device, Fit, FitPart, Model, Probe, Quant

_MOST_LAYERS = 10_000  # of any model; more is a slip in a file's header
USED_CONTEXT = 1024  # tokens already in the conversation; a longer one is slower


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one device reads and does for one token."""

    weight_bytes: float
    cache_bytes: float
    sparse_cache: bool
    layers: float
    experts: bool
    reading: Reading


def active_bytes(model: Model, quant: Quant, context: int = USED_CONTEXT) -> float:
    """What is read from memory for one token: the weights, of the experts only the used share,
    and the cache of `context` tokens."""
    return _active_weights(model, quant) + _cache_bytes(model, quant, context)


def loads(
    model: Model, quant: Quant, fit: Fit, catalog: Catalog, probe: Probe, context: int
) -> tuple[Load, ...]:
    """How the work for one token is shared out. What is not said lies on the processor."""
    parts = fit.parts or (_on_processor(model, quant),)
    read = [_read_bytes(model, quant, part) for part in parts]
    cached = [_finite(part.kv_bytes) for part in parts]
    layers = [_finite(part.layers) for part in parts]
    weights, cache = _active_weights(model, quant), _cache_bytes(model, quant, context)
    return tuple(
        Load(
            weight_bytes=weights * _share(read, index),
            cache_bytes=cache * _share(cached if sum(cached) else layers, index),
            sparse_cache=_sparse(model),
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
    plain = read / (gbs * 1e9 * constants.share[hardware]) + part.layers * layer_s[hardware]
    return plain / part.reading.own_factor(part.experts)


def whole(model: Model, quant: Quant, device: Device) -> FitPart:
    """All of a model on one device, without what it needs besides."""
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
    return whole(model, quant, Device(name="", accelerator=Accelerator.CPU, free_bytes=0, gpu=None))


def _active_weights(model: Model, quant: Quant) -> float:
    """The input embedding is looked up, not read through."""
    weights = _finite(quant.size_bytes) - _finite(quant.token_embd_bytes)
    experts = min(_finite(quant.expert_bytes), max(weights, 0.0))
    if model.experts is not None and not experts:
        # The catalogue does not say how large the experts are: by the parameters then.
        return max(weights * _part(model.params_active, model.params_total), 1.0)
    return max(weights - experts * (1 - _used(model)), 1.0)


def _read_bytes(model: Model, quant: Quant, part: FitPart) -> float:
    """The input embedding always lies in the computer's memory, and counts as the processor's."""
    unread = _finite(part.expert_bytes) * (1 - _used(model))
    if part.device.gpu is None:
        unread += _finite(quant.token_embd_bytes)
    return max(_finite(part.weights_bytes) - unread, 0.0)


def _used(model: Model) -> float:
    return 1.0 if model.experts is None else _part(model.experts.used, model.experts.count)


def _part(some: float, all_: float) -> float:
    return min(max(_finite(some) / _finite(all_), 0.0), 1.0) if _finite(all_) else 1.0


def _cache_bytes(model: Model, quant: Quant, context: int) -> float:
    """Of a sparse cache only what grows: its window is read all the time, and fitted with that."""
    tokens = int(_finite(context))
    if tokens <= 0 or not 0 < model.layers <= _MOST_LAYERS:
        return 0.0
    kept = kv_bytes(model, quant, tokens) or 0
    if _sparse(model):
        kept -= kv_bytes(model, quant, 1) or 0
    return _finite(kept)


def _sparse(model: Model) -> bool:
    return model.attention is not None and model.attention.kind == "csa_hca"


def _share(of: list[float], index: int) -> float:
    total = sum(of)
    return of[index] / total if total > 0 else 1 / len(of)


def _finite(value: float) -> float:
    """A number as it can be reckoned with: below zero nothing, and nothing without end."""
    return float(min(max(value, 0), 10**18)) if value == value else 0.0
