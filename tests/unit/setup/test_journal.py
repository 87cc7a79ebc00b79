"""The journal: what is written stays, through kills, threads, other processes and damage."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain import Accelerator, Handle, Measured, Proof
from core.errors import AppError
from core.setup import journal as module
from core.setup.journal import READY, SETTING_UP, STOPPED, Journal, open_journal
from tests.unit.setup.plans import gguf, make_plan


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Journal]:
    journal = open_journal(path)
    try:
        yield journal
    finally:
        journal.close_file()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with opened(path) as made:
        yield made


def test_a_deployment_and_its_life(journal: Journal, path: Path, tmp_path: Path) -> None:
    plan = make_plan(tmp_path, gguf())
    first = journal.begin(plan)
    assert (first.plan, first.handle, first.proof, first.state) == (plan, None, None, SETTING_UP)
    assert first.run_folder == str(path.parent / "run" / first.id)
    assert Path(first.key_path).parent == Path(first.run_folder)
    assert journal.begin(plan) == first
    handle = Handle(provider="fake", ref="r", deployment_id=first.id)
    proof = Proof(first_token_s=0.5, tokens_per_s=9.0, answer="巴黎", on_gpu=None)
    journal.set_handle(first.id, handle)
    journal.set_proof(first.id, proof)
    journal.mark(first.id, READY)
    whole = replace(first, handle=handle, proof=proof, state=READY)
    assert journal.current() == whole
    with opened(path) as again:
        assert again.current() == whole
        assert again.install_id == journal.install_id
    journal.close(first.id, "undone")
    journal.close(first.id, "something else")
    assert journal.current() is None
    assert journal.open() == ()
    assert journal.find(first.id) == whole
    assert journal.begin(plan).id != first.id


def test_current_is_what_works_and_pending_what_comes(journal: Journal, tmp_path: Path) -> None:
    old = journal.begin(make_plan(tmp_path, gguf()))
    assert journal.current() == journal.pending() == old
    journal.mark(old.id, STOPPED)
    new = journal.begin(make_plan(tmp_path, gguf(), id="plan-b"))
    assert [d.id for d in journal.open()] == [old.id, new.id]
    current, pending = journal.current(), journal.pending()
    assert current is not None
    assert pending is not None
    assert (current.id, pending.id) == (old.id, new.id)
    journal.mark(new.id, READY)
    current = journal.current()
    assert current is not None
    assert current.id == new.id
    assert journal.pending() is None


def test_intent_and_observation(journal: Journal, tmp_path: Path) -> None:
    one = journal.begin(make_plan(tmp_path, gguf())).id
    assert journal.observed(one, "create") is None
    journal.intend(one, "create", {"n": 1})
    assert journal.intended(one, "create") == {"n": 1}
    assert journal.observed(one, "create") is None
    journal.observe(one, "create", {"ref": "a"})
    journal.observe(one, "create", {"ref": "b"})
    assert journal.observed(one, "create") == {"ref": "b"}
    assert journal.observed(one, "load") is None
    journal.forget(one, "create")
    assert journal.observed(one, "create") is None
    assert journal.intended(one, "create") == {"n": 1}


def damage_header(path: Path) -> None:
    path.write_bytes(b"\0" * 5000)


def damage_text(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + b"!" * 9000)


def damage_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096 : len(data)] = b"\xaa" * (len(data) - 4096)
    path.write_bytes(data)


def damage_half(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def damage_schema(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE event")
    connection.close()


@pytest.mark.parametrize(
    "damage", [damage_header, damage_text, damage_middle, damage_half, damage_schema]
)
def test_a_damaged_one_is_set_aside(path: Path, tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    with opened(path) as journal:
        journal.begin(make_plan(tmp_path, gguf()))
        install_id = journal.install_id
    damage(path)
    before = path.read_bytes()
    with opened(path) as journal:
        assert journal.set_aside is not None
        assert journal.set_aside.read_bytes() == before
        assert journal.current() is None
        assert journal.install_id == install_id
        journal.begin(make_plan(tmp_path, gguf()))
    with opened(path) as journal:
        assert journal.set_aside is None
        assert journal.current() is not None


def test_an_empty_file_is_a_new_one(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    with opened(path) as journal:
        assert journal.set_aside is None


def test_one_that_was_begun_is_a_new_one(path: Path) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    assert path.stat().st_size > 0
    with opened(path) as journal:
        assert journal.set_aside is None
        assert journal.current() is None


def test_a_later_version_is_refused_and_left_alone(path: Path) -> None:
    with opened(path):
        pass
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {module.VERSION + 1}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(AppError) as failed:
        open_journal(path)
    assert failed.value.code == "journal_newer"
    assert path.read_bytes() == before


def test_damage_while_it_is_open_is_told(journal: Journal, path: Path, tmp_path: Path) -> None:
    journal.begin(make_plan(tmp_path, gguf()))
    journal._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = path.read_bytes()
    path.write_bytes(data[:100] + b"\xaa" * (len(data) - 100))
    journal._connection.execute("PRAGMA shrink_memory")
    with pytest.raises(AppError) as failed:
        journal.begin(make_plan(tmp_path, gguf(), id="other"))
    assert failed.value.code == "journal_damaged"


def test_a_plan_of_another_time_is_passed_over(journal: Journal, tmp_path: Path) -> None:
    plan = make_plan(tmp_path, gguf())
    first = journal.begin(plan)
    journal._connection.execute("UPDATE deployment SET plan = '{\"id\": 3}'")
    assert journal.current() is None
    assert journal.begin(plan).id != first.id


def test_threads_share_it(journal: Journal, tmp_path: Path) -> None:
    one = journal.begin(make_plan(tmp_path, gguf())).id

    def work(number: int) -> None:
        for count in range(20):
            journal.observe(one, f"step-{number}", {"n": count})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [journal.observed(one, f"step-{n}") for n in range(4)] == [{"n": 19}] * 4


_WORK = """
import sys
from pathlib import Path
from core.setup.journal import open_journal
from tests.unit.setup.plans import gguf, make_plan
journal = open_journal(Path(sys.argv[1]))
one = journal.begin(make_plan(Path("/x"), gguf())).id
for number in range(int(sys.argv[2])):
    journal.observe(one, sys.argv[3], {"n": number})
    print(number, flush=True)
"""


def test_processes_share_it_from_the_first_moment(path: Path) -> None:
    workers = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", _WORK, str(path), "15", f"step-{number}"],
            stdout=subprocess.DEVNULL,
        )
        for number in range(3)
    ]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    with opened(path) as journal:
        found = journal.open()
        assert len(found) == 1
        for number in range(3):
            assert journal.observed(found[0].id, f"step-{number}") == {"n": 14}


def test_what_was_written_before_a_kill_is_there_after(path: Path) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-c", _WORK, str(path), "100000", "step"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    said = -1
    for line in worker.stdout:
        said = int(line)
        if said >= 30:
            break
    worker.send_signal(signal.SIGKILL) if hasattr(signal, "SIGKILL") else worker.kill()
    worker.wait()
    worker.stdout.close()
    with opened(path) as journal:
        assert journal.set_aside is None
        current = journal.current()
        assert current is not None
        seen = journal.observed(current.id, "step")
    assert seen is not None
    assert seen["n"] >= said


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("mounting needs root")
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(folder)], check=False
    ).returncode:
        pytest.skip("no tmpfs here")
    try:
        with opened(folder / "journal.db") as journal:
            one = journal.begin(make_plan(tmp_path, gguf())).id
            with pytest.raises(AppError) as failed:
                journal.observe(one, "step", {"long": "x" * 400_000})
            assert failed.value.code == "disk_full"
            journal.observe(one, "step", {"short": 1})
            assert journal.observed(one, "step") == {"short": 1}
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_what_sqlite_took_back_by_itself_hides_no_error(tmp_path: Path) -> None:
    def cut(journal: Journal) -> None:
        with journal._transaction() as run:
            run("ROLLBACK")  # as after a full disk
            raise KeyboardInterrupt

    with opened(tmp_path / "journal.db") as journal:
        with pytest.raises(KeyboardInterrupt):
            cut(journal)
        assert journal.begin(make_plan(tmp_path, gguf())).state == SETTING_UP


def test_a_commit_that_fails_leaves_nothing_open(tmp_path: Path) -> None:
    def write(journal: Journal) -> None:
        with journal._transaction() as run:
            run("PRAGMA defer_foreign_keys = ON")
            run("INSERT INTO event VALUES (NULL, 'nobody', 'step', 'intent', x'', '')")

    with opened(tmp_path / "journal.db") as journal:
        with pytest.raises(AppError):
            write(journal)
        assert journal.begin(make_plan(tmp_path, gguf())).state == SETTING_UP


# --- what was measured ------------------------------------------------------------------------


def proof_of(tokens_per_s: float, *, on_gpu: bool | None = None) -> Proof:
    return Proof(first_token_s=0.5, tokens_per_s=tokens_per_s, answer="Paris", on_gpu=on_gpu)


def test_what_was_measured_is_kept_newest_first(journal: Journal, tmp_path: Path) -> None:
    plan = make_plan(tmp_path, gguf())
    other = replace(plan, id="plan-b", quant=replace(plan.quant, name="Q8_0"))
    assert journal.measured() == ()
    for made, speed in ((plan, 9.0), (other, 5.0), (plan, 11.0)):
        deployment = journal.begin(made)
        journal.set_proof(deployment.id, proof_of(speed))
        journal.close(deployment.id, "removed")
    journal.begin(plan)  # has no proof yet
    speeds = [(found.quant_name, found.tokens_per_s) for found in journal.measured()]
    assert speeds == [(plan.quant.name, 11.0), ("Q8_0", 5.0)]
    assert journal.measured()[0] == Measured(
        model_id=plan.model.id,
        quant_name=plan.quant.name,
        accelerator=plan.accelerator,
        tokens_per_s=11.0,
        first_token_s=0.5,
    )


@pytest.mark.parametrize("speed", [0.0, -1.0])
def test_a_speed_that_is_none_is_not_taken(journal: Journal, tmp_path: Path, speed: float) -> None:
    deployment = journal.begin(make_plan(tmp_path, gguf()))
    journal.set_proof(deployment.id, proof_of(speed))
    assert journal.measured() == ()


def test_the_processor_says_nothing_about_a_card(journal: Journal, tmp_path: Path) -> None:
    """A container that quietly ran without its card would make the card look slow for ever."""
    for number, (accelerator, on_gpu) in enumerate(
        (
            (Accelerator.CUDA, False),
            (Accelerator.CUDA13, True),
            (Accelerator.ROCM, None),
            (Accelerator.CPU, False),
        )
    ):
        plan = make_plan(tmp_path, gguf(), id=f"plan-{number}", accelerator=accelerator)
        journal.set_proof(journal.begin(plan).id, proof_of(7.0, on_gpu=on_gpu))
    found = {measured.accelerator for measured in journal.measured()}
    assert found == {Accelerator.CUDA13, Accelerator.ROCM, Accelerator.CPU}
