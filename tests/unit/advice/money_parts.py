"""Prices and answers to reckon with. Made up, unless a test says where a figure is from."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from core.domain import (
    Answers,
    CardFacts,
    CloudOffer,
    CostInputs,
    Money,
    Offers,
    Price,
    Rate,
    Sensitivity,
    Source,
    Tariff,
    TokenOffer,
)

TODAY = "2026-11-25"


def usd(amount: str | int, currency: str = "USD") -> Money:
    return Money(amount=Decimal(amount), currency=currency)


def price(amount: str | int, currency: str = "USD", date: str | None = "2026-11-09") -> Price:
    return Price(money=usd(amount, currency), source=Source(text="a list", date=date))


def answers(**changes: Any) -> Answers:
    facts: dict[str, Any] = {
        "sensitivity": Sensitivity.PUBLIC,
        "budget": usd(600),
        "horizon_months": 6,
    }
    return Answers(**{**facts, **changes})


def inputs(**changes: Any) -> CostInputs:
    return CostInputs(**{"hours_per_day": 2.0, "output_tokens": 1200, **changes})


def card(**changes: Any) -> CardFacts:
    facts: dict[str, Any] = {
        "name": "GeForce RTX 4090",
        "aliases": (),
        "vram_bytes": 24 * 2**30,
        "memory_bandwidth_gbs": 1008.0,
        "tdp_w": 450.0,
        "source": Source(text="its maker"),
    }
    return CardFacts(**{**facts, **changes})


def machine(**changes: Any) -> CloudOffer:
    facts: dict[str, Any] = {
        "provider": "aws",
        "name": "ml.g6.xlarge",
        "region": "us-east-1",
        "card": "L4",
        "cards": 1,
        "memory_bytes": 24 * 2**30,
        "hourly": price("1.127"),
        "grain_minutes": 1,
    }
    return CloudOffer(**{**facts, **changes})


def provider(**changes: Any) -> TokenOffer:
    facts: dict[str, Any] = {
        "provider": "deepseek",
        "model": "deepseek-flash",
        "region": "cn",
        "currency": "USD",
        "input_price": Decimal("0.30"),
        "cached_price": Decimal("0.006"),
        "output_price": Decimal("1.20"),
        "off_peak_share": Decimal("0.5"),
        "source": Source(text="price table", date="2026-11"),
    }
    return TokenOffer(**{**facts, **changes})


def rate(currency: str, per_usd: str, date: str | None = "2026-11-20") -> Rate:
    source = Source(text="a bank", date=date)
    return Rate(currency=currency, per_usd=Decimal(per_usd), source=source)


def offers(**changes: Any) -> Offers:
    facts: dict[str, Any] = {
        "cloud": (machine(),),
        "tokens": (provider(),),
        "tariffs": (
            Tariff(country="US", price=price("0.162", date="2023")),
            Tariff(country="DE", price=price("0.384", "EUR", date="2026")),
            Tariff(country="EU", price=price("0.258", "EUR", date="2026")),
        ),
        "rates": (rate("EUR", "0.80"), rate("CNY", "7")),
        "storage_gb_month": None,
        "today": TODAY,
    }
    return Offers(**{**facts, **changes})
