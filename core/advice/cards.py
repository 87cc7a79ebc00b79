"""Which entry of the catalogue a card in this computer is, found by its name."""

from __future__ import annotations

import re
from functools import lru_cache

from core.domain import CardFacts, Catalog, Gpu, known

# A card of the right name but with much less memory than the one we know is another, slower card:
# the RTX 3060 with 8 GB has two thirds of the bandwidth of the one with 12.
_LEAST_MEMORY = 0.75

# Words that drivers put around the name, and that say nothing about which chip it is.
_NOISE = frozenset(
    [
        "nvidia",
        "amd",
        "intel",
        "apple",
        "geforce",
        "radeon",
        "graphics",
        "corporation",
        "r",
        "tm",
        "gpu",
        "generation",
        "core",
        "chip",
    ]
)
_SIZE = re.compile(r"^(\d+)\s?gb$")


def find_card(catalog: Catalog, name: str, vram_bytes: int | None) -> CardFacts | None:
    """The facts of this card, or None when it is not one we know.

    Where one name is sold with several memory sizes, the nearest size decides. A laptop chip is
    another chip than the card of the same number, so the word counts.
    """
    matches = _by_words(catalog.cards).get(_words(name), ())
    near = [
        card
        for card in matches
        if vram_bytes is None or vram_bytes >= (card.vram_bytes or 0) * _LEAST_MEMORY
    ]
    return min(near, key=lambda card: (_distance(card, vram_bytes), card.name), default=None)


def card_of(catalog: Catalog, gpu: Gpu) -> CardFacts | None:
    """The same for a card as it was detected. Shared memory says nothing about which chip it is."""
    return find_card(catalog, gpu.name, None if gpu.unified_memory else known(gpu.vram_bytes))


_last: tuple[tuple[CardFacts, ...], dict[frozenset[str], list[CardFacts]]] = ((), {})


def _by_words(cards: tuple[CardFacts, ...]) -> dict[frozenset[str], list[CardFacts]]:
    """The cards under each of their names. Kept for the catalogue that was asked last: one
    recommendation asks some hundred times."""
    global _last
    kept, found = _last
    if kept is not cards:
        found = {}
        for card in cards:
            for words in {_words(known_as) for known_as in (card.name, *card.aliases)}:
                found.setdefault(words, []).append(card)
        _last = (cards, found)
    return found


@lru_cache(maxsize=512)  # the names of the catalogue are compared for every model
def _words(name: str) -> frozenset[str]:
    plain = re.sub(r"\((r|tm|c)\)", " ", name.lower())
    plain = re.sub(r"(\d)\s+gb\b", r"\1gb", plain)
    words = re.findall(r"[a-z0-9+.]+", plain)
    return frozenset(word for word in words if word not in _NOISE and not _SIZE.match(word))


def _distance(card: CardFacts, vram_bytes: int | None) -> float:
    if vram_bytes is None or card.vram_bytes is None:
        return 0.0
    return abs(card.vram_bytes - vram_bytes) / card.vram_bytes
