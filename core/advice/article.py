"""The article behind this product beside what we work out: its table and its figures, one by one.

A Chinese guide of 2025-09-17 for ordinary users. Its claims are taken as they stand; beside each
stands what comes out for this computer and these answers, with its source. What nobody has
measured is "unknown", never ours. What it says about money is in core/advice/article_money.py and
core/advice/article_over_time.py.
"""

from __future__ import annotations

import math
from dataclasses import replace

from core.advice.article_models import (
    BETWEEN,
    CHAT_67B,
    LARGE,
    MIDDLE,
    SMALL,
    Params,
    claim_of,
    find_model,
    needs,
    speed_on,
    usual_file,
)
from core.advice.article_money import find_large, hardware_claim, hourly_claim, spot_claim
from core.advice.article_over_time import pays_back_claim, saves_claim
from core.advice.candidates import usable_devices
from core.advice.cards import find_card
from core.advice.profile import shares_memory
from core.advice.quality import BITS, SMALL_PARAMS
from core.domain import (
    Catalog,
    Claim,
    CostInputs,
    Kind,
    Model,
    Note,
    Offers,
    Profile,
    Purpose,
    Recommendation,
    Source,
    Tree,
    known,
)

# Its table: simple questions 7B, content and code 32B, research and pictures 67B.
SIZE_FOR = {
    Purpose.CHAT: 7,
    Purpose.WRITING: 32,
    Purpose.CODE: 32,
    Purpose.REASONING: 67,
    Purpose.IMAGES: 67,
}
# Its border of 24 GB. A card sold with 24 has a little less than 24 GiB and more than this.
FULL_CARD_BYTES = 24_000_000_000
SAME_SIZE = (0.75, 1.3)  # times the size in its table: a distill with 8 billion is a "7B"

INT4_LOSS_PERCENT = 12
INT8_TIMES = 3
LATENCIES_MS = (120, 45, 30)  # 7B, 32B, 67B
LEAST_CARD = "GeForce RTX 3090"
JETSON, JETSON_USD = "Jetson AGX Orin 64GB", 1599

# What rounding costs the distills, by benchmark: with four bits for each weight the 7B and larger
# ones keep 97 % and more, the 1.5B about 94 %. Beside it, by perplexity on an 8B: Q4_K_M 2.4 to
# 2.8 % worse, Q3_K_M 8.1 to 10.5 %: near what the article says of four bits.
INT4_KEEPS_PERCENT, INT4_SMALL_KEEPS_PERCENT = 97, 94
THREE_BITS_PERCENT = (8.1, 10.5)
INT4_SOURCE = Source(
    text="Neural Magic, quantized DeepSeek-R1 distills; llama.cpp, perplexity README",
    date="2025-02",
)
INT8_SOURCE = Source(text="llama.cpp, perplexity README: bits per weight", date="2025")
SPEED_SOURCE = "published llama.cpp runs, fitted"
OWN_LIST = "the catalogue of this program"

_HERE = ("local", "hybrid", "starter")  # a model on this computer answers


def claims(
    profile: Profile,
    catalog: Catalog,
    offers: Offers,
    inputs: CostInputs,
    first: Recommendation | None,
) -> tuple[Claim, ...]:
    """Each figure of the article beside ours, in its own order: models, money, speed.

    `first` is the way that we put first, None where there is none. `inputs` are checked ones.
    """
    large = find_large(profile, catalog, offers, first)
    found = (
        _table(profile, catalog, first),
        _sixty_seven(catalog),
        _least(catalog, first),
        _int4(first),
        hardware_claim(large, offers),
        hourly_claim(large, offers),
        saves_claim(large, profile, catalog, offers, inputs),
        pays_back_claim(large, profile, offers, inputs),
        spot_claim(offers),
        _int8(),
        _latency(profile, catalog, first),
        _jetson(profile, catalog),
    )
    # Where no source has a figure, it is our own list that has none.
    ours = Source(text=OWN_LIST, date=catalog.made_on)
    return tuple(claim if claim.source.text else replace(claim, source=ours) for claim in found)


def verdict_beside(tree: Tree, first: Recommendation | None) -> Note:
    """Whether the article's tree and our first way say the same, else where and why they part.

    Sentences: `beside.<verdict of the tree>.<ours>`.
    """
    ours = _ours(first)
    model = first.model.name if first is not None and first.model is not None else ""
    params = (("model", model),) if ours in _HERE else ()
    return Note(code=f"beside.{tree.verdict}.{ours}", params=params)


def _ours(first: Recommendation | None) -> str:
    """local | starter | nothing | hybrid | tokens | cloud. What stands in the way of a local way
    counts: it answers nothing yet."""
    if first is None or (first.kind is Kind.LOCAL and not first.can_set_up):
        return "nothing"
    if first.model is not None and first.model.starter:
        return "starter"
    return first.kind.value


def _deepseek(first: Recommendation | None) -> Model | None:
    """The model of DeepSeek that would answer on this computer."""
    return first.model if first is not None and _ours(first) in ("local", "hybrid") else None


# --- models -----------------------------------------------------------------------------------


def _table(profile: Profile, catalog: Catalog, first: Recommendation | None) -> Claim:
    wanted, memory = SIZE_FOR[profile.answers.purpose], _card_memory(profile, catalog)
    article = _table_says(wanted, memory)
    model = _deepseek(first)
    if model is None or first is None or first.quant is None:
        return claim_of("table", article, _ours(first), "differs")
    # Every file of ours is quantized, so below the border the wanted size is allowed as well.
    sizes = {7, wanted} if memory < FULL_CARD_BYTES else {wanted}
    billions = model.params_total / 1e9
    same = any(SAME_SIZE[0] * size <= billions <= SAME_SIZE[1] * size for size in sizes)
    return claim_of(
        "table",
        article,
        "distilled" if model.distilled else "model",
        "same" if same else "differs",
        model.source,
        (("model", model.name), ("quant", first.quant.name), ("device", first.device_name)),
    )


def _table_says(wanted: int, memory: int) -> Note:
    params: Params = (("size", wanted),)
    simple = wanted == SIZE_FOR[Purpose.CHAT]
    if not memory:
        return Note(code=f"claim.table.article.no_card{'_simple' if simple else ''}", params=params)
    border = "under" if memory < FULL_CARD_BYTES else "over"
    return Note(
        code=f"claim.table.article.{'simple' if simple else border}",
        params=(*params, ("memory_bytes", memory)),
    )


def _card_memory(profile: Profile, catalog: Catalog) -> int:
    """Bytes of the largest graphics card, usable or not: the article asks for no more. Where a
    chip shares the computer's memory, what it may use of it."""
    own = [
        known(gpu.vram_bytes) or 0
        for gpu in known(profile.probe.gpus) or ()
        if not shares_memory(gpu)
    ]
    shared = [
        device.free_bytes
        for device in usable_devices(profile, catalog)
        if device.gpu is not None and shares_memory(device.gpu)
    ]
    return max((0, *own, *shared))


def _sixty_seven(catalog: Catalog) -> Claim:
    """There is a 67B and there is an R1, and they are not the same model."""
    article = Note(code="claim.sixty_seven.article")
    chat, distill = find_model(catalog, CHAT_67B), needs(catalog, LARGE)
    if chat is None or distill is None:
        return claim_of("sixty_seven", article, "unknown", "unknown")
    model, quant, needed_bytes = distill
    pictures = "pictures" if chat.vision or model.vision else "text"
    params = (
        ("chat", chat.name),
        ("tokens", chat.max_context),
        ("released", chat.release_date or "?"),
        ("distill", model.name),
        ("quant", quant.name),
        ("needed_bytes", needed_bytes),
    )
    return claim_of("sixty_seven", article, pictures, "differs", chat.source, params)


def _least(catalog: Catalog, first: Recommendation | None) -> Claim:
    article = Note(code="claim.least.article", params=(("card", LEAST_CARD),))
    here = _deepseek(first)
    if here is not None and first is not None and first.can_set_up and first.fit is not None:
        needed = first.fit.needed_bytes
        on_card = any(part.device.gpu is not None for part in first.fit.parts)
        same = on_card and needed >= FULL_CARD_BYTES * SAME_SIZE[0]
        verdict = "same" if same else "differs"
        params: Params = (
            ("model", here.name),
            ("device", first.device_name),
            ("needed_bytes", needed),
        )
        return claim_of("least", article, "runs", verdict, here.source, params)
    small = needs(catalog, SMALL)
    if small is None:
        return claim_of("least", article, "unknown", "unknown")
    model, quant, needed = small
    params = (("model", model.name), ("quant", quant.name), ("needed_bytes", needed))
    return claim_of("least", article, "needs", "differs", model.source, params)


def _int4(first: Recommendation | None) -> Claim:
    model = _deepseek(first)
    small = model is not None and model.params_total < SMALL_PARAMS
    keeps = INT4_SMALL_KEEPS_PERCENT if small else INT4_KEEPS_PERCENT
    params = (
        ("loses", 100 - keeps),
        ("keeps", keeps),
        ("three_low", THREE_BITS_PERCENT[0]),
        ("three_high", THREE_BITS_PERCENT[1]),
    )
    article = Note(code="claim.int4.article", params=(("percent", INT4_LOSS_PERCENT),))
    return claim_of("int4", article, "small" if small else "usual", "differs", INT4_SOURCE, params)


# --- speed ------------------------------------------------------------------------------------


def _int8() -> Claim:
    """Writing waits for memory, so at best it is faster by as much as there is less to read. Our
    files start from 16 bits for each number, never from 32."""
    params = (("most", round(32 / 8)), ("real", round(BITS["F16"] / BITS["Q8_0"], 1)))
    article = Note(code="claim.int8.article", params=(("times", INT8_TIMES),))
    return claim_of("int8", article, "theory", "unknown", INT8_SOURCE, params)


def _latency(profile: Profile, catalog: Catalog, first: Recommendation | None) -> Claim:
    """It does not say what it measured: a token, the first one, or an answer."""
    rows = (
        ("small", SMALL, "GeForce RTX 3060", 1),
        ("middle", MIDDLE, "A100 40GB", 1),
        ("large", LARGE, "H100 80GB SXM", 2),
    )
    theirs = zip((row[0] for row in rows), LATENCIES_MS, strict=True)
    article = Note(code="claim.latency.article", params=tuple(theirs))
    found = [(name, _token_ms(model, card, n, profile, catalog)) for name, model, card, n in rows]
    params: Params = tuple((name, ms) for name, ms in found if ms is not None)
    if len(params) < len(rows):
        return claim_of("latency", article, "unknown", "unknown")
    code = "there"
    if first is not None and _ours(first) in _HERE and first.speed and first.model:
        low, high = first.speed.tokens_per_s
        here = (("model", first.model.name), ("low", 1000 / high), ("high", 1000 / low))
        code, params = "here", (*params, *here)
    source = Source(text=SPEED_SOURCE, date=catalog.made_on)
    return claim_of("latency", article, code, "unknown", source, params)


def _token_ms(
    model_id: str, card_name: str, count: int, profile: Profile, catalog: Catalog
) -> float | None:
    """Milliseconds for one token of the usual file, the middle of our range."""
    model, card = find_model(catalog, model_id), find_card(catalog, card_name, None)
    quant = None if model is None else usual_file(model)
    if model is None or card is None or quant is None:
        return None
    low, high = speed_on(model, quant, (card,) * count, catalog, profile.probe)
    return round(1000 / math.sqrt(low * high))


def _jetson(profile: Profile, catalog: Catalog) -> Claim:
    article = Note(code="claim.jetson.article", params=(("price", JETSON_USD),))
    card, model = find_card(catalog, JETSON, None), find_model(catalog, BETWEEN)
    quant = None if model is None else usual_file(model)
    if card is None or card.price is None or model is None or quant is None:
        return claim_of("jetson", article, "unknown", "unknown")
    low, high = speed_on(model, quant, (card,), catalog, profile.probe)
    price = float(card.price.amount)
    params = (
        ("price", price),
        ("currency", card.price.currency),
        ("date", card.price_date or "?"),
        ("model", model.name),
        ("low", low),
        ("high", high),
    )
    near = card.price.currency == "USD" and abs(price - JETSON_USD) <= JETSON_USD * 0.1
    source = Source(text=card.source.text, date=card.price_date)
    return claim_of("jetson", article, "known", "same" if near else "differs", source, params)
