"""The JSON files that people pass on: a Probe as bug reports bring it, and a person's Answers.

The format is a promise to other programs. A fact that is missing is `{"missing": code}` in its
place, one that could not be read is `{"unreadable": code}`. In a probe an unknown key is passed
over, so that a newer version's file can still be read; in answers it is an error, because there
a misspelt key would silently become a default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, TypeVar, cast

import msgspec

from core.domain import (
    Answers,
    ContainerEngine,
    Cpu,
    Disk,
    Gpu,
    GpuKind,
    Missing,
    Money,
    Network,
    Probe,
    Purpose,
    Sensitivity,
    Unreadable,
)
from core.errors import AppError

T = TypeVar("T")

_LONGEST = 1_000_000  # bytes; a probe has about two thousand
_MOST_MONEY = Decimal(10) ** 12

_Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Text = Annotated[str, msgspec.Meta(max_length=500)]
_Bytes = Annotated[int, msgspec.Meta(ge=0, le=2**60)]
# Ten times what the largest single computers have; beyond that somebody mistook the unit, and
# advice for such a computer would be wrong with great confidence.
_Memory = Annotated[int, msgspec.Meta(ge=0, le=2**49)]


class _NoFact(msgspec.Struct, forbid_unknown_fields=True):
    missing: _Code | msgspec.UnsetType = msgspec.UNSET
    unreadable: _Code | msgspec.UnsetType = msgspec.UNSET


class _Cpu(msgspec.Struct):
    name: _Text | _NoFact
    physical_cores: Annotated[int, msgspec.Meta(ge=1, le=100_000)] | _NoFact
    memory_bandwidth_gbs: Annotated[float, msgspec.Meta(gt=0, le=1e6)] | None = None


class _Gpu(msgspec.Struct):
    vendor: Literal["nvidia", "amd", "intel", "apple", "unknown"]
    name: _Text
    kind: GpuKind
    vram_bytes: _Memory | _NoFact
    vram_free_bytes: _Memory | _NoFact
    # Other vendors have no such thing, and whoever writes a file by hand writes null for that.
    driver: _Text | _NoFact | None
    compute_capability: _Text | _NoFact | None
    unified_memory: bool


class _Disk(msgspec.Struct):
    path: _Text
    free_bytes: _Bytes | _NoFact
    holds: tuple[Literal["models", "engine"], ...]


class _Engine(msgspec.Struct):
    kind: Literal["docker", "podman"]
    version: _Text | _NoFact
    rootless: bool
    gpu_runtime: Literal["nvidia", "cdi"] | None
    problem: _Code | None


class _Network(msgspec.Struct):
    hub: _Code
    registry: _Code
    proxy: _Text | None


class _Probe(msgspec.Struct):
    os: Literal["linux", "windows", "macos"]
    os_version: _Text
    arch: _Code
    wsl: bool
    cpu: _Cpu
    ram_bytes: _Memory | _NoFact
    ram_free_bytes: _Memory | _NoFact
    gpus: list[_Gpu] | _NoFact
    disks: list[_Disk]
    engine: dict[str, Any]  # an _Engine or a _NoFact: told apart by its keys
    network: _Network


class _Money(msgspec.Struct, forbid_unknown_fields=True):
    amount: Decimal
    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]


class _Answers(msgspec.Struct, forbid_unknown_fields=True):
    sensitivity: Sensitivity
    budget: _Money
    horizon_months: Annotated[int, msgspec.Meta(ge=1, le=120)]
    purpose: Purpose = Purpose.CHAT
    hours_per_day: Annotated[float, msgspec.Meta(ge=0, le=24)] = 2.0
    country: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")] = "US"


# --- a probe ----------------------------------------------------------------------------------


def encode_probe(probe: Probe) -> dict[str, Any]:
    """What `deepberth detect --json` prints, as plain values in the order of the format."""
    return cast("dict[str, Any]", _plain(probe))


def decode_probe(data: bytes) -> Probe:
    """The Probe in a file's bytes.

    Raises: AppError("probe_file_invalid"), whose `field` is the place inside the file.
    """
    try:
        file = _decoded(data, _Probe)
        return _probe(file)
    except _Wrong as wrong:
        params = {"path": wrong.path}
        raise AppError(
            "probe_file_invalid", params, remedy="fix_file", field=wrong.path, detail=wrong.why
        ) from None


def _probe(file: _Probe) -> Probe:
    return Probe(
        os=file.os,
        os_version=file.os_version,
        arch=file.arch,
        wsl=file.wsl,
        cpu=Cpu(
            name=_fact(file.cpu.name, "cpu.name"),
            physical_cores=_fact(file.cpu.physical_cores, "cpu.physical_cores"),
            memory_bandwidth_gbs=file.cpu.memory_bandwidth_gbs,
        ),
        ram_bytes=_fact(file.ram_bytes, "ram_bytes"),
        ram_free_bytes=_fact(file.ram_free_bytes, "ram_free_bytes"),
        gpus=_no_fact(file.gpus, "gpus")
        if isinstance(file.gpus, _NoFact)
        else tuple(_gpu(gpu, f"gpus[{n}]") for n, gpu in enumerate(file.gpus)),
        disks=tuple(
            Disk(
                path=disk.path,
                free_bytes=_fact(disk.free_bytes, f"disks[{n}].free_bytes"),
                holds=disk.holds,
            )
            for n, disk in enumerate(file.disks)
        ),
        engine=_engine(file.engine),
        network=Network(
            hub=file.network.hub, registry=file.network.registry, proxy=file.network.proxy
        ),
    )


def _gpu(file: _Gpu, path: str) -> Gpu:
    return Gpu(
        vendor=file.vendor,
        name=file.name,
        kind=file.kind,
        vram_bytes=_fact(file.vram_bytes, f"{path}.vram_bytes"),
        vram_free_bytes=_fact(file.vram_free_bytes, f"{path}.vram_free_bytes"),
        driver=_fact_or_null(file.driver, f"{path}.driver"),
        compute_capability=_fact_or_null(file.compute_capability, f"{path}.compute_capability"),
        unified_memory=file.unified_memory,
    )


def _engine(file: Mapping[str, Any]) -> ContainerEngine | Missing | Unreadable:
    if "missing" in file or "unreadable" in file:
        return _no_fact(_converted(file, _NoFact, "engine"), "engine")
    engine = _converted(file, _Engine, "engine")
    return ContainerEngine(
        kind=engine.kind,
        version=_fact(engine.version, "engine.version"),
        rootless=engine.rootless,
        gpu_runtime=engine.gpu_runtime,
        problem=engine.problem,
    )


def _fact(value: T | _NoFact, path: str) -> T | Missing | Unreadable:
    return _no_fact(value, path) if isinstance(value, _NoFact) else value


def _fact_or_null(value: T | _NoFact | None, path: str) -> T | Missing | Unreadable:
    return Missing("not_given") if value is None else _fact(value, path)


def _no_fact(value: _NoFact, path: str) -> Missing | Unreadable:
    if isinstance(value.missing, str) and value.unreadable is msgspec.UNSET:
        return Missing(value.missing)
    if isinstance(value.unreadable, str) and value.missing is msgspec.UNSET:
        return Unreadable(value.unreadable)
    raise _Wrong(path, "exactly one of `missing` and `unreadable` is needed")


# --- answers ----------------------------------------------------------------------------------


def encode_answers(answers: Answers) -> dict[str, Any]:
    """A person's answers as plain values."""
    return cast("dict[str, Any]", _plain(answers))


def decode_answers(data: bytes) -> Answers:
    """The Answers in a file's bytes; purpose, hours and country have defaults.

    Raises: AppError("answers_file_invalid"), whose `field` is the place inside the file.
    """
    try:
        file = _decoded(data, _Answers)
        budget = _money(file.budget)
    except _Wrong as wrong:
        params = {"path": wrong.path}
        raise AppError(
            "answers_file_invalid", params, remedy="fix_file", field=wrong.path, detail=wrong.why
        ) from None
    return Answers(
        sensitivity=file.sensitivity,
        budget=budget,
        horizon_months=file.horizon_months,
        purpose=file.purpose,
        hours_per_day=file.hours_per_day,
        country=file.country,
    )


def _money(file: _Money) -> Money:
    if not (file.amount.is_finite() and 0 <= file.amount <= _MOST_MONEY):
        raise _Wrong("budget.amount", "an amount from 0 to 10^12 is needed")
    return Money(amount=file.amount, currency=file.currency)


# --- both -------------------------------------------------------------------------------------


class _Wrong(Exception):  # noqa: N818 - never leaves this file
    """`path` is the place inside the file ("gpus[0].name"), "$" the whole of it."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(path, why)
        self.path = path
        self.why = why


def _decoded(data: bytes, kind: type[T]) -> T:
    if len(data) > _LONGEST:
        raise _Wrong("$", "longer than a file of this kind can be")
    try:
        # Windows' editors put a mark before the first byte; JSON does not know it.
        return msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=kind)
    except msgspec.ValidationError as error:
        raise _wrong(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _Wrong("$", str(error)) from None


def _converted(value: object, kind: type[T], path: str) -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _wrong(str(error), path) from None


def _wrong(message: str, start: str = "") -> _Wrong:
    """msgspec ends its messages in " - at `$.gpus[0].name`", and leaves the root's place out."""
    why, _, place = message.partition(" - at `")
    path = re.sub(r"^\$\.?", "", place.rstrip("`"))
    missing = re.search(r"missing required field `(\w+)`|unknown field `(\w+)`", why)
    parts = [start, path, (missing[1] or missing[2]) if missing else ""]
    return _Wrong(".".join(part for part in parts if part) or "$", why)


def _plain(value: Any) -> Any:
    """Records as JSON's own values, in the order of their fields."""
    if isinstance(value, Missing):
        return {"missing": value.code}
    if isinstance(value, Unreadable):
        return {"unreadable": value.code}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value
