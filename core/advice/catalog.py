"""The catalogue: what we know of models, graphics cards and engine images, each with its source.

The files in assets/catalog are made by installers/make_catalog.py; this reads them strictly, so
that a slip in them stops at the start with the place named, never as a wrong figure later.
"""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from typing import TypeVar

import msgspec
from msgspec.structs import asdict

from core.domain import (
    Accelerator,
    Attention,
    CardFacts,
    Catalog,
    EngineImage,
    EngineKind,
    Experts,
    Model,
    Money,
    Quant,
    Sampling,
    Source,
    WeightSet,
)
from core.errors import AppError

FileT = TypeVar("FileT", bound=msgspec.Struct)

FORMAT = 2  # of the files; another version of the program may write another one

MOST_PRICE = Decimal(1_000_000)  # a card for more is a slip
_MOST_BITS, _MOST_CAPABILITY, _MOST_DRIVER, _MOST_TEMPERATURE = 64, 100, 10_000, 5
_MOST_BYTES = 2**50
_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
_PARTS = re.compile(r"-00001-of-(\d{5})\.gguf$")


def parse_catalog(models: bytes, cards: bytes, images: bytes) -> Catalog:
    """The catalogue from the bytes of its three TOML files.

    Raises: AppError("catalog_invalid") naming the file, with the place in `detail`;
    AppError("catalog_other_version") for files of another version of this program.
    """
    model_file = read_table(models, _ModelFile, "models.toml")
    card_file = read_table(cards, _CardFile, "cards.toml")
    image_file = read_table(images, _ImageFile, "images.toml")
    catalog = Catalog(
        models=tuple(_model(row) for row in model_file.models),
        cards=tuple(_card(row) for row in card_file.cards),
        images=tuple(_image(row) for row in image_file.images),
        made_on=model_file.made_on,
    )
    _check(catalog)
    return catalog


class Row(msgspec.Struct, forbid_unknown_fields=True):
    """The base of the shapes in the files: a word we do not know is a slip."""


class SourceRow(Row):
    text: str
    date: str | None = None


class File(Row, kw_only=True):
    format: int


def read_table(data: bytes, shape: type[FileT], name: str) -> FileT:
    """One TOML file in its shape. Numbers with a point are Decimal until the shape says float.

    Raises: AppError("catalog_invalid"), AppError("catalog_other_version").
    """
    try:
        table = tomllib.loads(data.decode(), parse_float=Decimal)
    except ValueError as error:
        raise invalid(name, str(error)) from error
    found = table.get("format", 1)  # the first version did not say
    if isinstance(found, int) and found != FORMAT:
        params: dict[str, str | int | float | bool]
        params = {"file": name, "found": found, "wanted": FORMAT}
        raise AppError("catalog_other_version", params, remedy="install_again")
    try:
        return msgspec.convert(table, shape)
    except (ValueError, msgspec.ValidationError) as error:
        raise invalid(name, str(error)) from error


def source_of(row: SourceRow, name: str) -> Source:
    """Raises: AppError("catalog_invalid") without a text, or for a date that is none."""
    if not row.text.strip():
        raise invalid(name, "source: no text")
    if row.date is not None:
        check_date(row.date, name)
    return Source(text=row.text, date=row.date)


def check_date(date: str, name: str) -> None:
    """A year, a month or a day in ISO 8601.

    Raises: AppError("catalog_invalid").
    """
    if not _DATE.fullmatch(date):
        raise invalid(name, f"date: {date}")


def check_price(amount: Decimal, most: Decimal, name: str, place: str) -> None:
    """Raises: AppError("catalog_invalid") for a price that is nothing, negative, NaN or absurd."""
    if not amount.is_finite() or not 0 < amount <= most:
        raise invalid(name, f"{place}: price {amount}")


def invalid(name: str, detail: str) -> AppError:
    return AppError("catalog_invalid", {"file": name}, detail=detail)


class _Quant(Row, kw_only=True):
    name: str
    file: str
    repo: str
    revision: str
    size_bytes: int
    size_exact: bool
    sha256: str | None = None
    sha256_source: str | None = None
    token_embd_bytes: int
    expert_bytes: int = 0
    parts: int = 1
    full_heads: bool = False
    unloaded_bytes: int = 0


class _WeightSet(Row, kw_only=True):
    repo: str
    format: str
    bits: float | None = None
    memory_bytes: int | None = None
    least_capability: float | None = None
    least_engine: str | None = None
    verified: bool


class _Attention(Row, kw_only=True):
    kind: str
    kv_heads: int = 0
    key_dim: int = 0
    value_dim: int = 0
    kv_lora_rank: int = 0
    rope_dim: int = 0
    indexer_dim: int = 0
    csa_layers: int = 0
    csa_ratio: int = 4
    hca_layers: int = 0
    hca_ratio: int = 128
    window: int = 0


class _Experts(Row, kw_only=True):
    count: int
    used: int
    shared: int
    ffn: int
    dense_layers: int


class _Sampling(Row):
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    system_prompt_allowed: bool = True


class _Model(Row, kw_only=True):
    id: str
    name: str
    params_total: int
    params_active: int
    layers: int
    hidden: int
    ffn: int | None = None
    vocab: int | None = None
    max_context: int
    arch: str
    heads: int | None = None
    attention: _Attention | None = None
    experts: _Experts | None = None
    vision: bool = False
    tools: bool = False
    superseded_by: str | None = None
    llama_cpp: bool = True
    licence: str
    release_date: str | None = None
    distilled: bool
    starter: bool
    legacy: bool
    thinking: str
    sampling: _Sampling = msgspec.field(default_factory=_Sampling)
    chat_template: str | None = None
    quants: tuple[_Quant, ...] = ()
    weight_sets: tuple[_WeightSet, ...] = ()
    scores: dict[str, float] = {}
    source: SourceRow


class _Card(Row, kw_only=True):
    name: str
    aliases: tuple[str, ...] = ()
    vram_bytes: int | None = None
    memory_bandwidth_gbs: float | None = None
    tdp_w: float | None = None
    vendor: str
    kind: str
    compute_capability: str | None = None
    year: int | None = None
    price_usd: Decimal | None = None
    price_kind: str = ""
    price_date: str | None = None
    source: SourceRow


class _Image(Row, kw_only=True):
    engine: EngineKind
    accelerator: Accelerator
    reference: str
    size_bytes: int | None = None
    least_driver: float | None = None
    least_capability: float | None = None
    source: SourceRow


class _ModelFile(File):
    made_on: str
    models: tuple[_Model, ...]


class _CardFile(File):
    made_on: str
    cards: tuple[_Card, ...]


class _ImageFile(File):
    made_on: str
    images: tuple[_Image, ...]


def _model(row: _Model) -> Model:
    return Model(
        id=row.id,
        name=row.name,
        params_total=row.params_total,
        params_active=row.params_active,
        layers=row.layers,
        hidden=row.hidden,
        ffn=row.ffn,
        vocab=row.vocab,
        max_context=row.max_context,
        arch=row.arch,
        heads=row.heads,
        attention=Attention(**asdict(row.attention)) if row.attention else None,
        experts=Experts(**asdict(row.experts)) if row.experts else None,
        vision=row.vision,
        tools=row.tools,
        superseded_by=row.superseded_by,
        llama_cpp=row.llama_cpp,
        licence=row.licence,
        release_date=row.release_date,
        distilled=row.distilled,
        starter=row.starter,
        legacy=row.legacy,
        thinking=row.thinking,
        sampling=Sampling(**asdict(row.sampling)),
        chat_template=row.chat_template,
        quants=tuple(Quant(**asdict(quant)) for quant in row.quants),
        weight_sets=tuple(WeightSet(**asdict(found)) for found in row.weight_sets),
        scores=tuple(sorted(row.scores.items())),
        source=source_of(row.source, "models.toml"),
    )


def _card(row: _Card) -> CardFacts:
    price = None
    if row.price_usd is not None:
        check_price(row.price_usd, MOST_PRICE, "cards.toml", row.name)
        if row.price_kind not in ("street", "list") or row.price_date is None:
            raise invalid("cards.toml", f"{row.name}: a price of no kind or no date")
        check_date(row.price_date, "cards.toml")
        price = Money(amount=row.price_usd, currency="USD")
    facts = asdict(row)
    del facts["price_usd"]
    return CardFacts(**{**facts, "price": price, "source": source_of(row.source, "cards.toml")})


def _image(row: _Image) -> EngineImage:
    return EngineImage(**{**asdict(row), "source": source_of(row.source, "images.toml")})


def _check(catalog: Catalog) -> None:
    """What a shape cannot say."""
    ids = [model.id for model in catalog.models]
    if twice := {item for item in ids if ids.count(item) > 1}:
        raise invalid("models.toml", f"twice: {sorted(twice)}")
    for model in catalog.models:
        wrong = _wrong_in(model) or next(filter(None, map(_wrong_in_file, model.quants)), None)
        if not wrong and model.superseded_by not in (None, *ids):
            wrong = f"superseded_by {model.superseded_by}"
        if wrong:
            raise invalid("models.toml", f"{model.id}: {wrong}")
    for card in catalog.cards:
        if wrong := _wrong_in_card(card):
            raise invalid("cards.toml", f"{card.name}: {wrong}")
    for image in catalog.images:
        for least in (image.least_driver, image.least_capability):
            if least is not None and not 0 < least < _MOST_DRIVER:
                raise invalid("images.toml", f"{image.reference}: {least}")


def _wrong_in(model: Model) -> str | None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", model.id):
        return "id"
    if model.thinking not in ("always", "hybrid", "none"):
        return f"thinking {model.thinking}"
    sizes = (model.params_total, model.params_active, model.layers, model.hidden, model.max_context)
    if min(sizes) <= 0 or model.params_active > model.params_total:
        return f"sizes {sizes}"
    if model.attention is not None and (wrong := _wrong_in_attention(model.attention)):
        return f"attention {wrong}"
    experts = model.experts
    if experts is not None and not 0 < experts.used <= experts.count:
        return f"experts {experts.used} of {experts.count}"
    # NaN is within no bounds.
    if wrong := next((f"{name} {of}" for name, of in model.scores if not 0 <= of <= 100), None):
        return f"score {wrong}"
    said = model.sampling
    if not 0 <= (said.temperature or 0) <= _MOST_TEMPERATURE or not 0 <= (said.top_p or 0) <= 1:
        return f"sampling {said}"
    return next(filter(None, map(_wrong_in_weights, model.weight_sets)), None)


def _wrong_in_weights(weights: WeightSet) -> str | None:
    figures = (
        (weights.bits, _MOST_BITS),
        (weights.memory_bytes, _MOST_BYTES),
        (weights.least_capability, _MOST_CAPABILITY),
    )
    if any(figure is not None and not 0 < figure <= most for figure, most in figures):
        return f"{weights.repo}: {figures}"
    return None


def _wrong_in_attention(shape: Attention) -> str | None:
    """A kind without its own figures would be counted as a cache of nothing."""
    needed = {
        "gqa": (shape.kv_heads, shape.key_dim, shape.value_dim),
        "mla": (shape.kv_heads, shape.key_dim, shape.value_dim, shape.kv_lora_rank, shape.rope_dim),
        "dsa": (shape.kv_lora_rank, shape.rope_dim, shape.indexer_dim),
        "csa_hca": (shape.key_dim, shape.indexer_dim, shape.csa_layers, shape.window),
    }.get(shape.kind)
    if needed is None:
        return shape.kind
    return None if min(needed) > 0 else f"{shape.kind}: {needed}"


def _wrong_in_file(quant: Quant) -> str | None:
    # File names end up in paths, so they must be plain names.
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*\.gguf", quant.file):
        return f"file {quant.file}"
    if quant.sha256 is not None and not re.fullmatch(r"[0-9a-f]{64}", quant.sha256):
        return f"sha256 {quant.sha256}"
    if not 0 < quant.size_bytes < _MOST_BYTES:
        return f"size {quant.size_bytes}"
    inside = (quant.token_embd_bytes, quant.expert_bytes, quant.unloaded_bytes)
    if min(inside) < 0 or sum(inside) > quant.size_bytes:
        return f"{quant.file}: parts {inside} of {quant.size_bytes}"
    named = _PARTS.search(quant.file)
    if quant.parts != (int(named[1]) if named else 1):
        return f"{quant.file}: {quant.parts} files"
    return None


def _wrong_in_card(card: CardFacts) -> str | None:
    if card.kind not in ("discrete", "datacentre", "unified", "cpu"):
        return f"kind {card.kind}"
    figures = (card.vram_bytes, card.memory_bandwidth_gbs, card.tdp_w)
    if any(figure is not None and not 0 < figure < _MOST_BYTES for figure in figures):
        return f"figures {figures}"
    return None
