"""The catalogue: what we know of models, graphics cards and engine images, each with its source.

The files in assets/catalog are made by installers/make_catalog.py; this reads them strictly, so
that a slip in them stops at the start with the place named, never as a wrong figure later.
"""

from __future__ import annotations

import re
import tomllib
from typing import TypeVar

import msgspec

from core.domain import (
    Accelerator,
    CardFacts,
    Catalog,
    EngineImage,
    Model,
    Quant,
    Sampling,
    Source,
)
from core.errors import AppError

FileT = TypeVar("FileT", bound=msgspec.Struct)


def parse_catalog(models: bytes, cards: bytes, images: bytes) -> Catalog:
    """The catalogue from the bytes of its three TOML files.

    Raises: AppError("catalog_invalid") naming the file, with the place in `detail`.
    """
    model_file = _read(models, _ModelFile, "models")
    card_file = _read(cards, _CardFile, "cards")
    image_file = _read(images, _ImageFile, "images")
    catalog = Catalog(
        models=tuple(_model(row) for row in model_file.models),
        cards=tuple(_card(row) for row in card_file.cards),
        images=tuple(
            EngineImage(
                accelerator=row.accelerator,
                reference=row.reference,
                size_bytes=row.size_bytes,
                source=_source(row.source),
            )
            for row in image_file.images
        ),
        made_on=model_file.made_on,
    )
    _check(catalog)
    return catalog


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    """The base of the shapes in the files: a word we do not know is a slip."""


class _Source(_Row):
    text: str
    date: str | None = None


class _Quant(_Row, kw_only=True):
    name: str
    file: str
    repo: str
    revision: str
    size_bytes: int
    size_exact: bool
    sha256: str | None = None
    sha256_source: str | None = None
    token_embd_bytes: int


class _Sampling(_Row):
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    system_prompt_allowed: bool = True


class _Model(_Row, kw_only=True):
    id: str
    name: str
    params_total: int
    params_active: int
    layers: int
    hidden: int
    ffn: int | None = None
    vocab: int | None = None
    max_context: int
    kv_bytes_per_token_f16: int | None = None
    licence: str
    release_date: str | None = None
    distilled: bool
    starter: bool
    legacy: bool
    thinking: str
    sampling: _Sampling = msgspec.field(default_factory=_Sampling)
    chat_template: str | None = None
    quants: tuple[_Quant, ...] = ()
    scores: dict[str, float] = {}
    source: _Source


class _Card(_Row, kw_only=True):
    name: str
    aliases: tuple[str, ...] = ()
    vram_bytes: int | None = None
    memory_bandwidth_gbs: float | None = None
    tdp_w: float | None = None
    efficiency: float | None = None
    source: _Source


class _Image(_Row, kw_only=True):
    accelerator: Accelerator
    reference: str
    size_bytes: int | None = None
    source: _Source


class _ModelFile(_Row):
    made_on: str
    models: tuple[_Model, ...]


class _CardFile(_Row):
    made_on: str
    cards: tuple[_Card, ...]


class _ImageFile(_Row):
    made_on: str
    images: tuple[_Image, ...]


def _read(data: bytes, shape: type[FileT], name: str) -> FileT:
    try:
        return msgspec.convert(tomllib.loads(data.decode()), shape)
    except (ValueError, msgspec.ValidationError) as error:
        raise _invalid(name, str(error)) from error


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
        kv_bytes_per_token_f16=row.kv_bytes_per_token_f16,
        licence=row.licence,
        release_date=row.release_date,
        distilled=row.distilled,
        starter=row.starter,
        legacy=row.legacy,
        thinking=row.thinking,
        sampling=Sampling(**msgspec.structs.asdict(row.sampling)),
        chat_template=row.chat_template,
        quants=tuple(Quant(**msgspec.structs.asdict(quant)) for quant in row.quants),
        scores=tuple(sorted(row.scores.items())),
        source=_source(row.source),
    )


def _card(row: _Card) -> CardFacts:
    return CardFacts(**{**msgspec.structs.asdict(row), "source": _source(row.source)})


def _source(row: _Source) -> Source:
    return Source(text=row.text, date=row.date)


def _check(catalog: Catalog) -> None:
    """What a shape cannot say. File names end up in paths, so they must be plain names."""
    ids = [model.id for model in catalog.models]
    if twice := {item for item in ids if ids.count(item) > 1}:
        raise _invalid("models", f"twice: {sorted(twice)}")
    for model in catalog.models:
        if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", model.id):
            raise _invalid("models", f"id: {model.id}")
        if model.thinking not in ("always", "hybrid", "none"):
            raise _invalid("models", f"{model.id}: thinking {model.thinking}")
        for quant in model.quants:
            if not re.fullmatch(r"[A-Za-z0-9][\w.-]*\.gguf", quant.file):
                raise _invalid("models", f"{model.id}: file {quant.file}")
            if quant.sha256 is not None and not re.fullmatch(r"[0-9a-f]{64}", quant.sha256):
                raise _invalid("models", f"{model.id}: sha256 {quant.sha256}")
            if quant.size_bytes <= 0:
                raise _invalid("models", f"{model.id}: size {quant.size_bytes}")


def _invalid(name: str, detail: str) -> AppError:
    return AppError("catalog_invalid", {"file": f"{name}.toml"}, detail=detail)
