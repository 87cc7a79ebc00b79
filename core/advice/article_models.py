"""What the article's claims are made of: its models and cards as the catalogue knows them."""

from __future__ import annotations

from collections.abc import Sequence

from core.advice.candidates import ENOUGH_CONTEXT, below_floor
from core.advice.imagined import bought
from core.advice.memory import need
from core.advice.quality import bits
from core.advice.speed import predict_speed
from core.domain import (
    Accelerator,
    CardFacts,
    Catalog,
    Claim,
    Fit,
    FitPart,
    Model,
    Note,
    Probe,
    Quant,
    Source,
    Verdict,
)

Params = tuple[tuple[str, str | int | float], ...]  # of a Note
NO_SOURCE = Source(text="")

# The 7B, the 14B and the 32B of the article are distills of R1. It has a 67B too: the chat model
# of 2023 has that many parameters, and the nearest R1 is the distill with 70.
SMALL = "deepseek-r1-distill-qwen-7b"
BETWEEN = "deepseek-r1-distill-qwen-14b"
MIDDLE = "deepseek-r1-distill-qwen-32b"
LARGE = "deepseek-r1-distill-llama-70b"
CHAT_67B = "deepseek-llm-67b-chat"

# The file most people take: four to five bits for each number of the model.
USUAL_FILE = "Q4_K_M"


def claim_of(
    id_: str,
    article: Note,
    ours: str,
    verdict: str,
    source: Source = NO_SOURCE,
    params: Params = (),
) -> Claim:
    """One claim; `ours` is the end of the code of our sentence."""
    code = f"claim.{id_}.ours.{ours}"
    return Claim(
        id=id_,
        article=article,
        ours=Note(code=code, params=params),
        verdict=verdict,
        source=source,
    )


def find_model(catalog: Catalog, model_id: str) -> Model | None:
    return next((model for model in catalog.models if model.id == model_id), None)


def usual_file(model: Model) -> Quant | None:
    """The usual file, else the smallest one that is fine enough, else None."""
    fine = [quant for quant in model.quants if not below_floor(model, quant)]
    usual = [quant for quant in fine if quant.name == USUAL_FILE]
    return min(usual or fine, key=lambda quant: (bits(quant), quant.file), default=None)


def needs(catalog: Catalog, model_id: str) -> tuple[Model, Quant, int] | None:
    """A model, its usual file, and the bytes it takes of a graphics card for a conversation of
    usual length, no margin. None where the catalogue lacks one of them."""
    model = find_model(catalog, model_id)
    quant = None if model is None else usual_file(model)
    if model is None or quant is None:
        return None
    what = need(model, quant, ENOUGH_CONTEXT, Accelerator.CUDA)
    return None if what is None else (model, quant, what.total_bytes)


def speed_on(
    model: Model, quant: Quant, cards: Sequence[CardFacts], catalog: Catalog, probe: Probe
) -> tuple[float, float]:
    """Tokens per second, low and high, with the model in equal parts on these cards."""
    parts = tuple(
        FitPart(
            device=bought(card),
            layers=max(1, model.layers // len(cards)),
            weights_bytes=quant.size_bytes // len(cards),
            expert_bytes=0,
            repacked_bytes=0,
            kv_bytes=0,
            compute_bytes=0,
            overhead_bytes=0,
            available_bytes=0,
        )
        for card in cards
    )
    fit = Fit(verdict=Verdict.COMFORTABLE, needed_bytes=0, available_bytes=0, parts=parts)
    return predict_speed(model, quant, fit, catalog, probe).tokens_per_s
