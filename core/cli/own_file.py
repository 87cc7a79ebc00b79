"""`recommend --gguf`: memory, fit and speed of any model file on this machine, from its head."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import urlsplit

from core.advice.advice_json import fit_json, speed_json
from core.advice.candidates import usable_devices
from core.advice.gguf_model import model_from_header, part_names, parts_of
from core.advice.memory import usable_bytes
from core.advice.placement import fits, lack
from core.advice.speed import predict_speed
from core.cli.advice_lines import INDENT, Lines, per_token
from core.cli.columns import wrapped
from core.domain import Catalog, Fit, Model, Profile, Quant, Speed, Verdict
from core.edges.addresses import host_of
from core.errors import AppError
from core.progress import CancelToken
from core.setup.gguf_check import read_header
from core.setup.remote_header import fetch_header

_COUNTED_IN = {"en": 1e9, "zh_CN": 1e8}  # as the language counts: billions, or yi
_NO_MODEL = frozenset({"not_a_model_file", "model_file_truncated"})
CONTEXTS = (4096, 8192, 32768)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How the file does at one context. Without a fit, `needed_bytes` and `available_bytes` say
    what it lacks where there is most room; None where the head does not say enough."""

    context: int
    fit: Fit | None
    speed: Speed | None
    needed_bytes: int | None
    available_bytes: int | None
    where: str  # the name of that place


def read_model(source: str, token: CancelToken) -> tuple[Model, Quant]:
    """The model in a file or at an address. A model in several files is read from all their heads.

    Raises: AppError("file_not_readable", "not_a_model_file", "model_file_truncated"), and those
    of the download.
    """
    head = _head(source, token)
    names = part_names(source, parts_of(head))
    heads = [head] if len(names) == 1 else [_head(name, token) for name in names]
    try:
        return model_from_header(*heads, name=_file_name(source))
    except AppError as error:
        raise replace(error, remedy="choose_file", field="gguf") from error


def _head(source: str, token: CancelToken) -> bytes:
    try:
        if is_address(source):
            # The person named this server, so it may be one of their own.
            data, _total = fetch_header(source, token, trusted=(host_of(source),))
            return data
        return read_header(_file(source))
    except AppError as error:
        remedy = "choose_file" if error.code in _NO_MODEL else error.remedy
        raise replace(error, remedy=remedy, field="gguf") from error


def _file(source: str) -> Path:
    path = Path(source)
    if not path.is_file():
        raise AppError("file_not_readable", {"path": source}, remedy="fix_file")
    return path


def is_address(source: str) -> bool:
    return source.lower().startswith(("https://", "http://"))


def _file_name(source: str) -> str:
    return PurePath(urlsplit(source).path if is_address(source) else source).name


# --- what it takes ----------------------------------------------------------------------------


def tell(model: Model, quant: Quant, profile: Profile, catalog: Catalog) -> tuple[Told, ...]:
    """How it does on this machine, at each context the model knows."""
    devices = usable_devices(profile, catalog)
    roomiest = max(devices, key=usable_bytes)
    contexts = [context for context in CONTEXTS if context <= model.max_context]
    told = []
    for context in contexts or [model.max_context]:
        fit = next(fits(model, quant, context, profile, devices), None)
        speed = predict_speed(model, quant, fit, catalog, profile.probe) if fit else None
        short = lack(model, quant, context, roomiest, profile)
        place = profile.devices[-1] if short and short.beside_card else roomiest
        told.append(
            Told(
                context=context,
                fit=fit,
                speed=speed,
                needed_bytes=fit.needed_bytes if fit else short and short.needed_bytes,
                available_bytes=fit.available_bytes if fit else short and short.available_bytes,
                where=place.name,
            )
        )
    return tuple(told)


def verdict_of(told: Told) -> str | None:
    """In the words of `Verdict`; None where the head says too little to tell."""
    if told.fit is not None:
        return told.fit.verdict.value
    return None if told.needed_bytes is None else Verdict.NO.value


def own_file_json(
    source: str, model: Model, quant: Quant, told: tuple[Told, ...]
) -> dict[str, Any]:
    """`recommend --gguf --json`. What is not known is null."""
    return {
        "file": _file_name(source),
        "model": {
            "name": model.name,
            "architecture": model.arch or None,
            "quant": quant.name,
            "size_bytes": quant.size_bytes,
            "files": quant.parts,
            "params": model.params_total,
            "params_active": model.params_active,
            "layers": model.layers,
            "max_context": model.max_context,
            "experts": model.experts.count if model.experts else None,
        },
        "verdict": verdict_of(told[0]),
        "contexts": [
            {
                "context": one.context,
                "verdict": verdict_of(one),
                "needed_bytes": one.needed_bytes,
                "fit": fit_json(one.fit),
                "speed": speed_json(one.speed),
            }
            for one in told
        ],
    }


def own_file_lines(model: Model, quant: Quant, told: tuple[Told, ...], lines: Lines) -> list[str]:
    """The same for a person: what it is, then the numbers for each context."""
    say = lines.say
    facts = say(
        "cli.gguf.facts",
        size=say.size(quant.size_bytes),
        params=say.number(model.params_total / _COUNTED_IN[say.language]),
        layers=model.layers,
        context=say.number(model.max_context),
    )
    shown = [*wrapped(f"{model.name} {quant.name}"), *wrapped(facts, first=INDENT)]
    for one in told:
        words = say.number(int(one.context * per_token(say) // 500) * 500)
        head = say("cli.gguf.context", n=say.number(one.context), words=words)
        shown += ["", *wrapped(head)]
        if one.fit is not None and one.speed is not None:
            shown += lines.row("memory", *lines.memory(one.fit))
            if len(one.fit.parts) == 1:
                shown += lines.row("device", one.fit.parts[0].device.name)
            shown += lines.row("speed", *lines.speed(one.speed))
            shown += lines.row("wait", *lines.wait(one.speed))
        elif one.needed_bytes is None or one.available_bytes is None:
            shown += lines.row("memory", say("cli.gguf.unknown"))
        else:
            sizes = {
                "needed": say.size(one.needed_bytes),
                "available": say.size(one.available_bytes),
            }
            needed = say("cli.memory.needed", **sizes)
            verdict = say(f"fit.{Verdict.NO.value}")
            shown += lines.row("memory", f"{needed} · {verdict}")
            shown += lines.row("device", one.where)
    return shown
