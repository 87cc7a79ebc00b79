"""The ways that cost money beyond electricity: a provider's model, a rented card, or both mixed.

None of them is offered for data that must not leave; private data may at most be mixed, with what
is private staying here.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from core.advice.cost import cloud_cost, hybrid_cost, in_currency, over_budget, token_cost
from core.advice.imagined import rented
from core.advice.quality import SMALL_PARAMS, quality_step
from core.advice.ranking import merit, strength
from core.advice.speed import predict_speed
from core.advice.vllm import PARALLEL_GAIN, as_quant, vllm_fits
from core.domain import (
    Accelerator,
    Answers,
    Catalog,
    CloudOffer,
    Cost,
    CostInputs,
    EngineKind,
    Fit,
    Kind,
    Model,
    Note,
    Offers,
    Profile,
    Quant,
    Recommendation,
    Sensitivity,
    Speed,
    TokenOffer,
)

_LATER = Note(code="why_not.not_in_this_version")
_AT_HOME = {"CN": ("alibaba", "tencent")}  # providers with their machines in the country


def paid_ways(
    profile: Profile,
    catalog: Catalog,
    offers: Offers,
    inputs: CostInputs,
    local: Recommendation | None,
) -> list[Recommendation]:
    """What the answers allow beside this computer, one of each kind."""
    sensitivity = profile.answers.sensitivity
    if sensitivity is Sensitivity.REGULATED:
        return []
    tokens = _tokens(profile, offers, inputs)
    found = [_hybrid(profile, catalog, offers, inputs, local, tokens)]
    if sensitivity is Sensitivity.PUBLIC:
        found += [tokens, _cloud(profile, catalog, offers, inputs)]
    return [way for way in found if way is not None]


def _way(kind: Kind, cost: Cost, **changes: object) -> Recommendation:
    plain = Recommendation(
        rank=1,
        kind=kind,
        provider="",
        cost=cost,
        privacy={Kind.HYBRID: "mixed", Kind.TOKENS: "third_party"}.get(kind, "own_account"),
        reasons=(Note(code=f"reason.{kind}"),),
        why_not=(_LATER,),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


# --- pay per token ----------------------------------------------------------------------------


def _tokens(profile: Profile, offers: Offers, inputs: CostInputs) -> Recommendation | None:
    """The full DeepSeek that costs least, by what this person would use and by prices that are not
    too old; an old one only where there is no other."""
    answers = profile.answers
    priced = [
        (high, cost, offer)
        for offer in _near(answers, offers)
        if (cost := token_cost(answers, inputs, offers, offer)).monthly is not None
        and (high := _high(cost, answers, offers)) is not None
    ]
    if not priced:
        return None

    def place(found: tuple[Decimal, Cost, TokenOffer]) -> tuple[bool, Decimal, str, str]:
        high, cost, offer = found
        return (_old_price(cost) is not None, high, offer.provider, offer.model)

    _, cost, offer = min(priced, key=place)
    notes = (Note(code="reason.no_hardware"), _old_price(cost), _over(cost, answers, offers))
    way = _way(Kind.TOKENS, cost, provider=offer.provider, offer=offer.model)
    return replace(way, reasons=way.reasons + tuple(note for note in notes if note))


def _near(answers: Answers, offers: Offers) -> list[TokenOffer]:
    """Full models, answered where the person is or wherever the provider answers from. In China
    only what is answered there: the others cannot be paid from there, or not be reached."""
    full = [offer for offer in offers.tokens if "distill" not in offer.model.lower()]
    in_china = answers.country == "CN"
    near = [offer for offer in full if (offer.region == "cn") is in_china]
    return near or full


def _high(cost: Cost, answers: Answers, offers: Offers) -> Decimal | None:
    """The dearest month, in the currency of the budget so that offers can be compared."""
    if cost.monthly is None:
        return None
    return in_currency(cost.monthly[1], cost.currency, answers.budget.currency, offers)


# --- a rented card ----------------------------------------------------------------------------


def _cloud(
    profile: Profile, catalog: Catalog, offers: Offers, inputs: CostInputs
) -> Recommendation | None:
    """The machine and model that suit best; where no price is known, that is said."""
    home = _AT_HOME.get(profile.answers.country, ())
    near = [offer for offer in offers.cloud if offer.provider in home] or list(offers.cloud)
    models = by_quality(profile, catalog)
    # Nobody rents for what any laptop runs.
    models = [model for model in models if model.params_total >= SMALL_PARAMS]
    ways = [_rented(offer, models, profile, catalog, offers, inputs) for offer in near]

    def place(way: Recommendation) -> tuple[bool, bool, Decimal, object]:
        """Where everything is over the budget, what is least so."""
        own = merit(way, profile, catalog, offers)
        beyond = own.money if own.over_budget else Decimal(0)
        return (way.cost.total is None, own.over_budget, beyond, own.key)

    return min((way for way in ways if way is not None), key=place, default=None)


def by_quality(profile: Profile, catalog: Catalog) -> list[Model]:
    """What may be run on a rented machine, best first; of equal ones the smaller."""
    purpose = profile.answers.purpose
    models = [m for m in catalog.models if not (m.starter or m.legacy or m.superseded_by)]
    return sorted(
        (model for model in models if model.weight_sets),
        key=lambda m: (-quality_step(m, catalog, purpose), m.params_total, m.id),
    )


def _rented(
    offer: CloudOffer,
    models: list[Model],
    profile: Profile,
    catalog: Catalog,
    offers: Offers,
    inputs: CostInputs,
) -> Recommendation | None:
    """The best model this machine holds."""
    devices = (rented(offer, catalog),) * offer.cards
    held = (
        (model, weights, *fit)
        for model in models
        for weights in model.weight_sets
        for fit in vllm_fits(model, weights, devices)
    )
    found = next(held, None)
    if found is None:
        return None
    model, weights, context, fit = found
    quant = as_quant(model, weights)
    answers = profile.answers
    cost = cloud_cost(answers, inputs, offers, offer, quant.size_bytes)
    notes = (
        Note(code="limit.distilled") if model.distilled else None,
        _old_price(cost),
        Note(code="limit.price_unknown") if cost.total is None else None,
        _over(cost, answers, offers),
    )
    way = _way(
        Kind.CLOUD,
        cost,
        model=model,
        quant=quant,
        engine=EngineKind.VLLM,
        accelerator=Accelerator.CUDA13,
        device_name=f"{offer.cards} × {offer.card}" if offer.cards > 1 else offer.card,
        provider=offer.provider,
        offer=offer.name,
        context=context,
        fit=fit,
        speed=parallel_speed(model, quant, fit, catalog, profile),
    )
    return replace(way, reasons=way.reasons + tuple(note for note in notes if note))


def parallel_speed(
    model: Model, quant: Quant, fit: Fit, catalog: Catalog, profile: Profile
) -> Speed:
    """From one card's worth of speed to most of what all of them would give together."""
    whole = replace(fit, parts=fit.parts[:1])
    alone = predict_speed(model, quant, whole, catalog, profile.probe)
    cards = len(fit.parts)
    low, high = alone.tokens_per_s
    gain = max(1.0, cards * PARALLEL_GAIN)
    return replace(alone, tokens_per_s=(low, round(high * gain, 1)), answer_s=None)


# --- both -------------------------------------------------------------------------------------


def _hybrid(
    profile: Profile,
    catalog: Catalog,
    offers: Offers,
    inputs: CostInputs,
    local: Recommendation | None,
    tokens: Recommendation | None,
) -> Recommendation | None:
    """This computer first, a provider for the rest. Needs a model here that can be set up, and one
    there that answers better: else what is sent away would be sent for nothing."""
    if local is None or tokens is None or not local.can_set_up:
        return None
    if strength(local, catalog, profile) >= strength(tokens, catalog, profile):
        return None
    cost = hybrid_cost(profile.answers, inputs, offers, local.cost, tokens.cost)
    notes = (_old_price(cost), _over(cost, profile.answers, offers))
    way = _way(
        Kind.HYBRID,
        cost,
        model=local.model,
        quant=local.quant,
        engine=local.engine,
        accelerator=local.accelerator,
        device_name=local.device_name,
        provider=tokens.provider,
        offer=tokens.offer,
        context=local.context,
        fit=local.fit,
        speed=local.speed,
    )
    return replace(way, reasons=way.reasons + tuple(note for note in notes if note))


def _old_price(cost: Cost) -> Note | None:
    old = [note for note in cost.prices if note.stale]
    if not old:
        return None
    dates = sorted(note.price.source.date or "?" for note in old)
    return Note(code="limit.price_old", params=(("date", dates[0]),))


def _over(cost: Cost, answers: Answers, offers: Offers) -> Note | None:
    return Note(code="limit.over_your_budget") if over_budget(cost, answers, offers) else None
