"""How good the answers are: published scores of a model, and what a coarser file costs it."""

from __future__ import annotations

from core.domain import Catalog, Model, Purpose, Quant

# Bits per weight by llama.cpp's own table (perplexity README); UD- and MXFP4 by file size.
BITS = {
    "UD-IQ2_XXS": 2.5,
    "UD-IQ3_XXS": 2.9,
    "Q2_K": 3.16,
    "IQ3_M": 3.8,
    "Q3_K_M": 4.0,
    "IQ4_XS": 4.46,
    "Q4_0": 4.6,
    "Q4_K_S": 4.67,
    "MXFP4": 4.25,
    "Q4_K_M": 4.89,
    "Q4_1": 5.1,
    "Q5_K_M": 5.7,
    "Q6_K": 6.56,
    "Q8_0": 8.5,
    "F16": 16.0,
    "BF16": 16.0,
}

# What rounding the weights costs, in the words of the same table (rise of perplexity on an 8 B):
# up to 0.4 % nobody notices, under 1 % negligible, 2 to 3 % small, from 4 % noticeable, then much.
_STEPS = ((5.6, 3), (4.6, 2), (3.9, 1), (0.0, 0))
SMALL_LOSS = 2

# Models of this size and more take a 3-bit file well, the largest a 2-bit one.
LARGE_PARAMS, HUGE_PARAMS, SMALL_PARAMS = 30e9, 200e9, 3e9

# Two models whose scores are closer than this count as equal, and the smaller one wins: the 70 B
# scores a quarter point above the 32 B at twice the size.
POINTS_THAT_COUNT = 2.0


def bits(quant: Quant) -> float:
    """Bits per weight; an unknown name counts as the coarsest."""
    return BITS.get(quant.name, 0.0)


def coarsest_bits(model: Model) -> float:
    """The coarsest file that may be recommended, in bits per weight.

    Floors: perplexity tables of llama.cpp and accuracy of the distills by Neural Magic (2025-02):
    3-bit from 30 B on, Q4_K_M up to there, Q8_0 for the 1.5 B; the 284 B models run at 2 bits.
    """
    if model.params_total >= HUGE_PARAMS:
        return BITS["UD-IQ2_XXS"]
    if model.params_total >= LARGE_PARAMS:
        return BITS["Q3_K_M"]
    if model.params_total >= SMALL_PARAMS or model.starter:
        return BITS["Q4_K_M"]
    return BITS["Q8_0"]


def grade(quant: Quant, model: Model) -> int:
    """How little rounding is noticed: 3 not at all, 2 small, 1 noticeable, 0 much."""
    lenient = 2 if model.params_total >= HUGE_PARAMS else 0
    return min(3, next(step for least, step in _STEPS if bits(quant) >= least) + lenient)


def wasteful(quant: Quant, model: Model) -> bool:
    """Whether it is larger and slower than the next coarser one for a gain that nobody notices."""
    return bits(quant) > BITS["Q6_K"] and model.params_total >= SMALL_PARAMS


def suits(model: Model, purpose: Purpose) -> bool:
    """Whether a model trained for one thing is asked for that thing, and not for another."""
    return ("coder" in model.id) == (purpose is Purpose.CODE)


def quality(model: Model, catalog: Catalog, purpose: Purpose) -> float:
    """Points out of 100 for this purpose, by the published scores.

    A model without the scores counts as the next smaller one that has them, by active parameters:
    newer is not taken for better without a figure. A full DeepSeek counts one step above every
    distilled model: they were taught by one.
    """
    own = mean_score(model, purpose)
    if own is not None:
        return own
    scores = [
        (other.params_active, score)
        for other in catalog.models
        if (score := mean_score(other, purpose)) is not None
    ]
    if is_full(model):
        return max((score for _active, score in scores), default=0.0) + POINTS_THAT_COUNT
    smaller = [(active, score) for active, score in scores if active <= model.params_active]
    return max(smaller, default=(0, 0.0))[1]


_steps: dict[Purpose, tuple[tuple[Model, ...], dict[str, int]]] = {}


def quality_step(model: Model, catalog: Catalog, purpose: Purpose) -> int:
    """The same in steps that a person would notice.

    Worked out once for all models of the catalogue that was asked last: one recommendation asks
    some hundred times.
    """
    models, steps = _steps.get(purpose, ((), {}))
    if models is not catalog.models:
        steps = {
            each.id: round(quality(each, catalog, purpose) / POINTS_THAT_COUNT)
            for each in catalog.models
        }
        _steps[purpose] = (catalog.models, steps)
    found = steps.get(model.id)
    return round(quality(model, catalog, purpose) / POINTS_THAT_COUNT) if found is None else found


def is_full(model: Model) -> bool:
    """Whether this is one of the large models themselves, not a small one taught by them."""
    return model.params_total >= HUGE_PARAMS and not model.distilled


_MEASURES = {
    Purpose.CODE: ("LiveCodeBench",),
    Purpose.REASONING: ("AIME2024", "GPQA"),
}
_ALL_MEASURES = ("AIME2024", "MATH500", "GPQA", "LiveCodeBench")


def mean_score(model: Model, purpose: Purpose) -> float | None:
    """The mean of the published scores that tell about this purpose; None where one is missing."""
    scores = dict(model.scores)
    if not all(name in scores for name in _ALL_MEASURES):
        return None
    names = _MEASURES.get(purpose, _ALL_MEASURES)
    return sum(scores[name] for name in names) / len(names)
