"""The memory benchmark's own arithmetic, and that it would notice what it is there to notice."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import gguf
import pytest

from core.domain import Model, Quant
from core.setup.gguf_check import check_gguf
from tests.benchmarks import header_files, memory, peers
from tests.benchmarks.catalogue_shapes import SHAPES
from tests.benchmarks.memory import CACHES, CONTEXTS, MIB, OURS, Row

SMALL = SHAPES[0]


def row(measured: float = 1000.0, **estimates: list[float]) -> Row:
    return Row(
        shape=SMALL, quant="Q4_K_M", context=4096, cache="f16", file=Path("a"),
        measured=measured, estimates=estimates,
    )  # fmt: skip


def program(folder: Path, name: str, says: str, code: int = 0) -> Path:
    path = folder / name
    path.write_text(f"#!{sys.executable}\nimport sys\nprint({says!r})\nsys.exit({code})\n")
    path.chmod(0o700)
    return path


def test_the_worst_of_ours_counts_and_the_best_of_others() -> None:
    found = row(ours=[999.0, 1004.0, 1003.0], other=[900.0, 1050.0])
    assert found.error(OURS) == pytest.approx(0.004)
    assert found.error("other") == pytest.approx(0.05)
    assert found.error("nobody") is None


def test_the_median_of_sizes_and_the_largest_with_its_sign() -> None:
    assert memory.summary([0.01, -0.03, 0.02]) == (0.02, -0.03)


def test_a_model_that_ours_does_not_know_is_a_miss() -> None:
    (said,) = memory.misses([row(ours=[1000.0]), row(ours=[float("inf")])])
    assert said.startswith("missed by +inf%: 1.5B Q4_K_M 4096 f16")
    (said,) = memory.misses([row(ours=[994.0]), row(ours=[1004.0])])
    assert said.startswith("missed by -0.60%")


def test_the_table_has_a_line_for_each_shape_and_one_for_all() -> None:
    lines = list(memory.table([row(ours=[1010.0]), row(ours=[990.0])], [OURS, "other"]))
    assert len(lines) == 2 + len(SHAPES) + 1
    assert lines[2].split() == ["1.5B", "2", "1.00%", "+1.00%", "(", "2)", "-"]
    assert lines[-1].split()[:4] == ["all", "2", "1.00%", "+1.00%"]


def test_the_short_form_leaves_nothing_out() -> None:
    for shape in SHAPES:
        rows = list(memory.rows_of(shape, {quant: Path(quant) for quant in shape.quants}))
        few = memory.short(rows)
        assert len(few) * 3 == len(rows)
        allowed = {each for each in CONTEXTS if each <= shape.context}
        assert {each.quant for each in few} == set(shape.quants)
        assert {each.context for each in few} == allowed
        assert {each.cache for each in few} == set(CACHES)


def test_the_plan_is_read_from_what_the_program_prints(tmp_path: Path) -> None:
    good = program(tmp_path, "good", "Host 100 20 3 ")
    assert memory.plan(good, Path("a"), 4096, "f16") == (100.5 * MIB, 20.5 * MIB, 3.5 * MIB)
    for bad in (program(tmp_path, "silent", ""), program(tmp_path, "dead", "Host 1 2 3", 1)):
        with pytest.raises(RuntimeError):
            memory.plan(bad, Path("a"), 4096, "f16")


def test_the_types_are_read_from_what_the_program_prints(tmp_path: Path) -> None:
    says = (
        "[   1/   3] output_norm.weight - [ 64, 1, 1, 1], type =    f32, size =    0.006 MiB\n"
        "[   2/   3] output.weight      - [ 64, 9, 1, 1], type =    f16, size =     1.19 MiB ->"
        "     1.05 MiB (q6_K)\n"
        "[   3/   3] blk.0.ids          - [ 64, 9, 1, 1], type =    i32, size =     1.19 MiB\n"
    )
    (tmp_path / "a.gguf").touch()
    found = header_files.mixture(program(tmp_path, "q", says), tmp_path / "a.gguf", "Q4_K_M")
    assert found == {"output_norm.weight": "F32", "output.weight": "Q6_K", "blk.0.ids": "I32"}


def test_a_file_without_weights_is_as_long_as_one_with_them(tmp_path: Path) -> None:
    path = tmp_path / "a.gguf"
    header_files.write(path, SMALL, {"output.weight": "Q6_K"}, "Q4_K_M")
    assert check_gguf(path).needed_bytes == path.stat().st_size > 3e9
    assert path.stat().st_blocks * 512 < 8e6
    read = gguf.GGUFReader(path)
    types = {each.name: each.tensor_type.name for each in read.tensors}
    assert (types["output.weight"], types["token_embd.weight"]) == ("Q6_K", "F16")


def test_an_estimate_that_is_off_fails_the_benchmark(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["memory", "--short"])
    monkeypatch.setattr(memory, "real_head", lambda: (1000.0, 1000.0))
    right: Callable[..., list[Row]] = lambda *_, **__: [row(ours=[1001.0])] * 9  # noqa: E731
    monkeypatch.setattr(memory, "measure", right)
    assert memory.main() == 0
    monkeypatch.setattr(memory, "real_head", lambda: (1000.0, 1002.0))
    assert memory.main() == 1
    monkeypatch.setattr(memory, "real_head", lambda: (1000.0, 1000.0))
    monkeypatch.setattr(memory, "measure", lambda *_, **__: [*right(), row(ours=[1006.0])])
    assert memory.main() == 1
    assert "missed by +0.60%" in capsys.readouterr().out


def test_another_that_cannot_be_asked_is_said_aloud(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> list[peers.Answer]:
        raise subprocess.CalledProcessError(1, "pip")

    monkeypatch.setattr(memory, "ask", refuse)
    said = memory.ask_peers([row()])
    assert [each.split(":")[:2] for each in said] == [
        ["NOT COMPARED", f" {peer.name}"] for peer in peers.PEERS
    ]


def test_answers_of_others_come_to_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "ask", lambda _peer, asked: [None, [float(asked[1]["context"])]])
    rows = [row(), row()]
    assert memory.ask_peers(rows) == []
    assert rows[0].estimates == {}
    assert rows[1].estimates == {peer.name: [4096.0] for peer in peers.PEERS}


def test_the_catalogues_own_entry_is_found_by_name_and_kind() -> None:
    catalogue = memory.read_catalogue()
    model: Model = next(each for each in catalogue.models if each.id == SMALL.ids[0])
    quant: Quant = model.quants[0]
    assert memory.listed(model, quant) == quant
