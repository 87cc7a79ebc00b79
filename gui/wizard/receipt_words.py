"""What an undo took away and what it left, in sentences."""

from __future__ import annotations

from core.domain import Receipt
from gui.language import say, text


def together(receipts: list[Receipt]) -> Receipt:
    """One receipt for all; a line that stands in several is said once."""
    removed = dict.fromkeys(note for receipt in receipts for note in receipt.removed)
    kept = dict.fromkeys(note for receipt in receipts for note in receipt.kept)
    freed = sum(receipt.freed_bytes for receipt in receipts)
    return Receipt(removed=tuple(removed), kept=tuple(kept), freed_bytes=freed)


def receipt_words(receipt: Receipt) -> str:
    """What went, what stayed, how much is free again."""
    sentences = [text().note(note) for note in (*receipt.removed, *receipt.kept)]
    if receipt.freed_bytes:
        sentences.append(say("page.setup.freed", size=text().size(receipt.freed_bytes)))
    return "\n".join(sentences) or say("page.setup.nothing_made")
