"""The JSON files people pass on: the exact format, its round trip, and what wrong files say."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain import (
    Answers,
    ContainerEngine,
    GpuKind,
    Missing,
    Money,
    Purpose,
    Sensitivity,
    Unreadable,
    known,
)
from core.edges.travel_files import decode_answers, decode_probe, encode_answers, encode_probe
from core.errors import AppError

MACHINES = sorted((Path(__file__).parents[2] / "machines").glob("*.json"))
EXAMPLE = (MACHINES[0].parent / "rtx4070-12gb.json").read_bytes()
unhurried = settings(deadline=None)  # other work on the same computer is no failure
ANSWERS: dict[str, Any] = {
    "sensitivity": "private",
    "budget": {"amount": 500, "currency": "USD"},
    "horizon_months": 12,
}


def bent(path: str, value: object, *, drop: bool = False) -> bytes:
    """The example with one place changed: "gpus.0.name"."""
    document = json.loads(EXAMPLE)
    *parents, last = path.split(".")
    place = document
    for name in parents:
        place = place[int(name) if name.isdecimal() else name]
    if drop:
        del place[last]
    else:
        place[int(last) if last.isdecimal() else last] = value
    return json.dumps(document).encode()


# --- probes -----------------------------------------------------------------------------------


def test_there_are_machines_of_every_kind() -> None:
    probes = [decode_probe(path.read_bytes()) for path in MACHINES]
    assert len(probes) >= 20
    assert {probe.os for probe in probes} == {"linux", "windows", "macos"}
    assert {gpu.vendor for probe in probes for gpu in known(probe.gpus) or ()} == {
        "nvidia", "amd", "intel", "apple", "unknown",
    }  # fmt: skip


@pytest.mark.parametrize("path", MACHINES, ids=lambda path: path.stem)
def test_every_machine_comes_back_as_it_was_written(path: Path) -> None:
    probe = decode_probe(path.read_bytes())
    assert encode_probe(probe) == json.loads(path.read_bytes())
    assert decode_probe(json.dumps(encode_probe(probe)).encode()) == probe


@pytest.mark.parametrize("path", MACHINES, ids=lambda path: path.stem)
def test_every_machine_keeps_the_rules_of_a_look(path: Path) -> None:
    probe = decode_probe(path.read_bytes())
    gpus = known(probe.gpus) or ()
    kinds = [gpu.kind for gpu in gpus]
    assert kinds == sorted(kinds, key=lambda kind: kind is GpuKind.INTEGRATED)
    for gpu in gpus:
        assert gpu.unified_memory == (gpu.kind is GpuKind.INTEGRATED)
        assert gpu.unified_memory == (gpu.vram_bytes == Missing("shared_memory"))
    assert sum("models" in disk.holds for disk in probe.disks) == 1


def test_the_keys_and_their_order_are_those_of_the_format() -> None:
    document = encode_probe(decode_probe(EXAMPLE))
    assert list(document) == [
        "os", "os_version", "arch", "wsl", "cpu", "ram_bytes", "ram_free_bytes", "gpus", "disks",
        "engine", "network",
    ]  # fmt: skip
    assert list(document["cpu"]) == ["name", "physical_cores", "memory_bandwidth_gbs"]
    assert list(document["gpus"][0]) == [
        "vendor", "name", "kind", "vram_bytes", "vram_free_bytes", "driver", "compute_capability",
        "unified_memory",
    ]  # fmt: skip
    assert list(document["disks"][0]) == ["path", "free_bytes", "holds"]
    assert list(document["engine"]) == ["kind", "version", "rootless", "gpu_runtime", "problem"]
    assert list(document["network"]) == ["hub", "registry", "proxy"]


def test_facts_that_are_not_there_stand_in_their_place() -> None:
    probe = decode_probe(bent("engine", {"missing": "not_installed"}))
    assert probe.engine == Missing("not_installed")
    assert decode_probe(bent("engine", {"unreadable": "timeout"})).engine == Unreadable("timeout")
    assert decode_probe(bent("gpus", {"unreadable": "timeout"})).gpus == Unreadable("timeout")
    assert decode_probe(bent("ram_bytes", {"missing": "x"})).ram_bytes == Missing("x")
    engine = decode_probe(bent("engine.version", {"unreadable": "docker_hung"})).engine
    assert isinstance(engine, ContainerEngine)
    assert engine.version == Unreadable("docker_hung")


def test_a_newer_version_may_write_more_and_a_windows_editor_a_mark() -> None:
    assert decode_probe(bent("battery", {"percent": 80})) == decode_probe(EXAMPLE)
    assert decode_probe(b"\xef\xbb\xbf" + EXAMPLE) == decode_probe(EXAMPLE)


def test_null_is_understood_where_other_vendors_have_nothing() -> None:
    gpus = known(decode_probe(bent("gpus.0.compute_capability", None)).gpus)
    assert gpus
    assert gpus[0].compute_capability == Missing("not_given")


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"", "$"),
        (b"not json", "$"),
        (b"\xff\xfe", "$"),
        (b"[" * 100_000, "$"),
        (b'{"engine": ' + b'{"a": ' * 100_000, "$"),
        (b"[]", "$"),
        (b" " * 1_000_001, "$"),
        (bent("os", "beos"), "os"),
        (bent("wsl", "no"), "wsl"),
        (bent("ram_bytes", -1), "ram_bytes"),
        (bent("ram_bytes", 2**50), "ram_bytes"),
        (bent("ram_free_bytes", 10**30), "ram_free_bytes"),
        (bent("gpus.0.vram_free_bytes", 2**50), "gpus[0].vram_free_bytes"),
        (bent("gpus.0.vram_bytes", -1), "gpus[0].vram_bytes"),
        (bent("ram_bytes", 1.5), "ram_bytes"),
        (bent("ram_bytes", float("nan")), "$"),
        (bent("cpu.memory_bandwidth_gbs", float("inf")), "$"),
        (bent("ram_bytes", None), "ram_bytes"),
        (bent("ram_bytes", {"absent": "x"}), "ram_bytes.absent"),
        (bent("ram_bytes", {}), "ram_bytes"),
        (bent("ram_bytes", {"missing": "a", "unreadable": "b"}), "ram_bytes"),
        (bent("gpus.1.vram_bytes", "12 GB"), "gpus[1].vram_bytes"),
        (bent("gpus.0.kind", "external"), "gpus[0].kind"),
        (bent("gpus.0.vendor", "", drop=True), "gpus[0].vendor"),
        (bent("disks.0.holds", ["swap"]), "disks[0].holds[0]"),
        (bent("engine", None), "engine"),
        (bent("engine.kind", "lxc"), "engine.kind"),
        (bent("engine.problem", "", drop=True), "engine.problem"),
        (bent("engine", {"missing": 3}), "engine.missing"),
        (bent("network.hub", "", drop=True), "network.hub"),
    ],
)
def test_a_wrong_probe_says_where(data: bytes, field: str) -> None:
    with pytest.raises(AppError) as caught:
        decode_probe(data)
    assert caught.value.code == "probe_file_invalid"
    assert caught.value.field == field
    assert caught.value.params == {"path": field}
    assert caught.value.remedy == "fix_file"


# --- answers ----------------------------------------------------------------------------------


def test_three_answers_are_enough_and_the_rest_has_defaults() -> None:
    answers = decode_answers(json.dumps(ANSWERS).encode())
    assert answers == Answers(
        sensitivity=Sensitivity.PRIVATE,
        budget=Money(amount=Decimal(500), currency="USD"),
        horizon_months=12,
    )
    assert encode_answers(answers) == {
        **ANSWERS, "purpose": "chat", "hours_per_day": 2.0, "country": "US",
    }  # fmt: skip


@pytest.mark.parametrize("key", list(ANSWERS))
def test_none_of_the_three_can_be_left_out(key: str) -> None:
    with pytest.raises(AppError) as caught:
        decode_answers(json.dumps({k: v for k, v in ANSWERS.items() if k != key}).encode())
    assert (caught.value.code, caught.value.field) == ("answers_file_invalid", key)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"sensitivity": "secret"}, "sensitivity"),
        ({"budget": {"amount": -1, "currency": "USD"}}, "budget.amount"),
        ({"budget": {"amount": True, "currency": "USD"}}, "budget.amount"),
        ({"budget": {"amount": "NaN", "currency": "USD"}}, "budget.amount"),
        ({"budget": {"amount": 1e300, "currency": "USD"}}, "budget.amount"),
        ({"budget": {"amount": 5, "currency": "$"}}, "budget.currency"),
        ({"budget": {"amount": 5}}, "budget.currency"),
        ({"horizon_months": 0}, "horizon_months"),
        ({"horizon_months": 1.5}, "horizon_months"),
        ({"hours_per_day": 25}, "hours_per_day"),
        ({"country": "Germany"}, "country"),
        ({"purpos": "code"}, "purpos"),
    ],
)
def test_wrong_answers_say_where(change: dict[str, object], field: str) -> None:
    with pytest.raises(AppError) as caught:
        decode_answers(json.dumps(ANSWERS | change).encode())
    assert caught.value.code == "answers_file_invalid"
    assert caught.value.field == field


@unhurried
@given(
    amount=st.decimals(0, 10**9, places=2),
    months=st.integers(1, 120),
    purpose=st.sampled_from(Purpose),
    sensitivity=st.sampled_from(Sensitivity),
    hours=st.floats(0, 24),
)
def test_answers_come_back(
    amount: Decimal, months: int, purpose: Purpose, sensitivity: Sensitivity, hours: float
) -> None:
    answers = Answers(
        sensitivity=sensitivity,
        budget=Money(amount=amount, currency="CNY"),
        horizon_months=months,
        purpose=purpose,
        hours_per_day=hours,
        country="CN",
    )
    assert decode_answers(json.dumps(encode_answers(answers)).encode()) == answers


# --- whatever comes ---------------------------------------------------------------------------

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*json.loads(EXAMPLE), *ANSWERS, "missing", "unreadable", "kind"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def ends_well(data: bytes) -> None:
    for decode in (decode_probe, decode_answers):
        try:
            decode(data)
        except AppError as error:
            assert error.field  # noqa: PT017 - passing is as good as this error


@unhurried
@given(st.binary(max_size=200))
def test_no_bytes_make_more_than_an_app_error(data: bytes) -> None:
    ends_well(data)


@unhurried
@given(JSON_VALUES)
def test_no_json_makes_more_than_an_app_error(value: object) -> None:
    ends_well(json.dumps(value).encode())


@unhurried
@given(st.sampled_from(sorted(json.loads(EXAMPLE))), JSON_VALUES)
def test_no_bent_probe_makes_more_than_an_app_error(key: str, value: object) -> None:
    ends_well(bent(key, value))


@unhurried
@given(st.sampled_from(sorted(ANSWERS)), JSON_VALUES)
def test_no_bent_answers_make_more_than_an_app_error(key: str, value: object) -> None:
    ends_well(json.dumps(ANSWERS | {key: value}).encode())


@unhurried
@given(st.integers(0, len(EXAMPLE)))
def test_a_file_cut_anywhere_makes_no_more_than_an_app_error(length: int) -> None:
    ends_well(EXAMPLE[:length])
