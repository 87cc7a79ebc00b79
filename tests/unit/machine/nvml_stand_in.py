"""NVML without a card: the real module's names and exceptions, with answers given by the test."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pynvml


class Nvml:
    """`cards` are dicts of name, bus, total, free, capability; an exception stands for itself."""

    def __init__(
        self, *cards: dict[str, Any], driver: str = "580.95.05", fails: int | None = None
    ) -> None:
        self.cards = cards
        self.driver = driver
        self.fails = fails
        self.open = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(pynvml, name)  # constants and exceptions

    def nvmlInit(self) -> None:  # noqa: N802
        if self.fails is not None:
            raise pynvml.NVMLError(self.fails)
        self.open += 1

    def nvmlShutdown(self) -> None:  # noqa: N802
        self.open -= 1

    def nvmlSystemGetDriverVersion(self) -> str:  # noqa: N802
        return self.driver

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> dict[str, Any]:  # noqa: N802
        self._answer(self.cards[index].get("handle"))
        return self.cards[index]

    def nvmlDeviceGetName(self, card: dict[str, Any]) -> Any:  # noqa: N802
        return self._answer(card["name"])

    def nvmlDeviceGetPciInfo(self, card: dict[str, Any]) -> Any:  # noqa: N802
        return SimpleNamespace(busId=self._answer(card.get("bus", "00000000:01:00.0")))

    def nvmlDeviceGetMemoryInfo(self, card: dict[str, Any]) -> Any:  # noqa: N802
        total = self._answer(card["total"])
        return SimpleNamespace(total=total, free=card["free"], used=total - card["free"])

    def nvmlDeviceGetCudaComputeCapability(self, card: dict[str, Any]) -> Any:  # noqa: N802
        return self._answer(card.get("capability", (8, 9)))

    @staticmethod
    def _answer(value: Any) -> Any:
        if isinstance(value, Exception):
            raise value
        return value


RTX4070 = {
    "name": "NVIDIA GeForce RTX 4070",
    "bus": "00000000:01:00.0",
    "total": 12878610432,
    "free": 11811160064,
    "capability": (8, 9),
}
