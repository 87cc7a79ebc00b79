"""Fits the constants of core/advice/bandwidth.py on published runs.

The sum of the errors' amounts (of the logarithms) is made least, on a grid: one odd run then moves
nothing. Runs of another engine, from a disk, or beside a host whose memory nobody named are left
out of every fit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from statistics import median

from core.advice.bandwidth import Constants, Hardware
from core.advice.token_time import Load, token_s
from core.domain import CardSpeed, Source
from tests.benchmarks.speed_runs import Run

SHARES = [share / 100 for share in range(30, 101)]
LAYER_US = range(0, 200, 5)
EXPERT_LAYER_US = range(0, 1000, 10)
# A fixed time per layer is fitted where many small calls cost more than the reading; the others
# have too few runs for it.
WITH_LAYERS = (Hardware.DISCRETE, Hardware.DATACENTRE, Hardware.UNIFIED)
# Who shares one time per layer with experts.
EXPERT_GROUPS = (
    (Hardware.DISCRETE, Hardware.DATACENTRE, Hardware.APPLE),
    (Hardware.UNIFIED,),
)
# This many imagined runs just as the formula says stand beside the runs of one card.
OWN_WEIGHT = 1.0


def free_constants() -> int:
    """Shares, times per layer, times with experts, the two costs of a cache, the weight."""
    return len(Hardware) + len(WITH_LAYERS) + len(EXPERT_GROUPS) + 2 + 1


def fit(runs: Sequence[Run]) -> Constants:
    """The constants these runs ask for."""
    sound = [run for run in runs if run.whole]
    now = _start()
    for _ in range(2):  # what a cache costs depends on the shares, and these a little on it
        for hardware in Hardware:
            now = _fit_dense(sound, hardware, now)
        now = _fit_cache(sound, now)
    for group in EXPERT_GROUPS:
        now = _fit_experts(sound, group, now)
    return now


def fit_without(runs: Sequence[Run], left_out: Run, full: Constants) -> Constants:
    """The same without one run, which changes nothing where it was not fitted on."""
    return fit([run for run in runs if run is not left_out]) if left_out.whole else full


def own_speed(runs: Iterable[Run], like: Run, constants: Constants) -> CardSpeed:
    """What other runs of this card say beside the formula, models with experts by themselves."""
    mine = [
        run
        for run in runs
        if run.whole and (run.card, run.processor) == (like.card, like.processor)
    ]
    dense, experts = ([run for run in mine if run.experts is kind] for kind in (False, True))
    texts = sorted({run.source.text for run in mine})
    dates = sorted({run.source.date for run in mine if run.source.date})
    return CardSpeed(
        card=like.card,
        processor=like.processor,
        dense=_factor(dense, constants),
        dense_runs=len(dense),
        experts=_factor(experts, constants),
        experts_runs=len(experts),
        source=Source(text="; ".join(texts), date=dates[-1] if dates else None),
    )


def with_own(parts: tuple[Load, ...], own: CardSpeed) -> tuple[Load, ...]:
    """The loads with what is known of the card that the run was on, not of its host."""
    return tuple(
        replace(part, reading=replace(part.reading, own=own))
        if (part.reading.hardware is Hardware.PROCESSOR) is own.processor
        else part
        for part in parts
    )


def differences(code: Constants, fitted: Constants) -> Iterator[tuple[str, float, float]]:
    """Every constant by its name: in the code, and as fitted."""
    for field in fields(Constants):
        ours, theirs = getattr(code, field.name), getattr(fitted, field.name)
        if isinstance(ours, Mapping):
            for hardware in Hardware:
                yield f"{field.name} {hardware}", ours[hardware], theirs[hardware]
        else:
            yield field.name, ours, theirs


def _start() -> Constants:
    return Constants(
        share=dict.fromkeys(Hardware, 0.7),
        layer_s=dict.fromkeys(Hardware, 0.0),
        expert_layer_s=dict.fromkeys(Hardware, 0.0),
        cache_cost=1.0,
        sparse_cache_cost=1.0,
    )


def _factor(runs: Sequence[Run], constants: Constants) -> float:
    logs = [math.log(run.tokens_per_s * token_s(run.loads, constants, fast=True)) for run in runs]
    return math.exp(sum(logs) / (len(logs) + OWN_WEIGHT))


def _fit_dense(runs: Sequence[Run], hardware: Hardware, now: Constants) -> Constants:
    cases = []
    for run in runs:
        if run.experts or run.loads[0].reading.hardware is not hardware:
            continue
        at_full = sum(
            (part.weight_bytes + part.cache_bytes * now.cache_cost) / (part.reading.gbs[0] * 1e9)
            for part in run.loads
        )
        cases.append((at_full, sum(part.layers for part in run.loads), run.tokens_per_s))
    if not cases:
        return now
    layer_us = LAYER_US if hardware in WITH_LAYERS else (0,)
    _, share, layer = min(
        (_loss(cases, share, us * 1e-6), share, us * 1e-6) for us in layer_us for share in SHARES
    )
    return replace(
        now,
        share={**now.share, hardware: share},
        layer_s={**now.layer_s, hardware: layer},
    )


def _loss(cases: Sequence[tuple[float, float, float]], share: float, layer_s: float) -> float:
    return sum(
        abs(math.log((at_full / share + layers * layer_s) * measured))
        for at_full, layers, measured in cases
    )


def _fit_experts(runs: Sequence[Run], group: tuple[Hardware, ...], now: Constants) -> Constants:
    mine = [run for run in runs if run.experts and run.loads[0].reading.hardware in group]

    def at(us: int) -> Constants:
        return replace(
            now, expert_layer_s={**now.expert_layer_s, **dict.fromkeys(group, us * 1e-6)}
        )

    def loss(us: int) -> float:
        constants = at(us)
        return sum(
            abs(math.log(token_s(run.loads, constants, fast=True) * run.tokens_per_s))
            for run in mine
        )

    return at(min(EXPERT_LAYER_US, key=loss)) if mine else now


def _fit_cache(runs: Sequence[Run], now: Constants) -> Constants:
    """By how much longer a token took after a long conversation than after none."""
    plain, sparse = [], []
    for run in runs:
        part = run.loads[0]
        gbs = part.reading.gbs[0] * now.share[part.reading.hardware]
        for cache_bytes, tokens_per_s in run.curve:
            if cache_bytes > 0:
                longer_s = 1 / tokens_per_s - 1 / run.tokens_per_s
                cost = longer_s * gbs * 1e9 / cache_bytes
                (sparse if part.sparse_cache else plain).append(cost)
    return replace(
        now,
        cache_cost=round(median(plain), 2) if plain else now.cache_cost,
        sparse_cache_cost=round(median(sparse), 1) if sparse else now.sparse_cache_cost,
    )
