"""What happens to the models' files when a set-up is taken away, and how receipts add up."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from core.domain import Note, Plan, Receipt
from core.edges import files
from core.setup import sources, weights
from core.setup.journal import Journal


def model_away(plan: Plan, *, remove: bool) -> Receipt:
    """Deletes what was fetched for the plan where `remove` says so, else says what stays.

    Raises: AppError of the disk.
    """
    name = ("file", plan.local_file or plan.quant.file)
    if plan.local_file:
        weights.remove_weights(plan)  # only what was noted about it
        return Receipt(kept=(Note(code="receipt.own_file_kept", params=(name,)),))
    if remove:
        freed = weights.remove_weights(plan)
        note = Note(code="receipt.model_removed", params=(name, ("freed_bytes", freed)))
        return Receipt(removed=(note,) if freed else (), freed_bytes=freed)
    target = sources.target(plan)
    part = target.with_name(target.name + ".part")
    with files.disk_errors(target):
        if target.exists():
            path = ("path", str(target))
            return Receipt(kept=(Note(code="receipt.model_kept", params=(name, path)),))
        if part.exists():
            some = ("part_bytes", part.stat().st_size)
            return Receipt(kept=(Note(code="receipt.part_kept", params=(name, some)),))
    return Receipt()


def older_models(journal: Journal, *, remove: bool) -> Receipt:
    """The same for what was fetched for earlier set-ups and stayed when they went: a smaller model
    that was replaced, say. What an open deployment uses is left alone.
    """
    done = {sources.target(deployment.plan) for deployment in journal.open()}
    receipts = []
    for deployment in journal.closed():
        plan = deployment.plan
        if plan.local_file is None and (target := sources.target(plan)) not in done:
            done.add(target)
            receipts.append(model_away(plan, remove=remove))
    return together(receipts)


def together(receipts: Iterable[Receipt]) -> Receipt:
    """One receipt for several: nothing stands in it twice, or as kept when it went after all."""
    receipts = tuple(receipts)
    removed = tuple(note for receipt in receipts for note in receipt.removed)
    kept = dict.fromkeys(note for receipt in receipts for note in receipt.kept)
    return Receipt(
        removed=removed,
        kept=tuple(note for note in kept if _is_there(note)),
        freed_bytes=sum(receipt.freed_bytes for receipt in receipts),
    )


def _is_there(note: Note) -> bool:
    path = dict(note.params).get("path")
    return path is None or Path(str(path)).exists()
