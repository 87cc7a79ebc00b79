"""Every price that is known: rented machines, tokens, electricity, exchange rates.

The file assets/catalog/offers.toml is kept by hand. It is read strictly: a price of nothing, below
nothing or absurdly high is a slip, and one that went through would end up as a wrong advice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from core.advice.catalog import File, Row, SourceRow, check_price, invalid, read_table, source_of
from core.advice.price_age import first_day
from core.domain import CloudOffer, Money, Offers, Price, Rate, Rent, Source, Tariff, TokenOffer

_FILE = "offers.toml"
_GIB = 2**30

# Above these a figure is a slip. Some currencies have small units: ten thousand of them are one.
_MOST_HOURLY = Decimal(10_000)
_MOST_MILLION_TOKENS = Decimal(10_000)
_MOST_KWH = Decimal(10_000)
_MOST_GB_MONTH = Decimal(1_000)
_MOST_PER_USD = Decimal(10_000_000)
_MOST_CARDS = 128
_MOST_CARD_GIB = 4096
_MOST_GRAIN_MINUTES = 31 * 24 * 60


def parse_offers(data: bytes, today: str) -> Offers:
    """The prices from the bytes of the file, with the day from which their age is counted.

    `today` is an ISO date.

    Raises: AppError("catalog_invalid") with the place in `detail`;
    AppError("catalog_other_version") for a file of another version of this program.
    """
    if first_day(today) is None:
        raise ValueError(f"not a day: {today}")
    file = read_table(data, _OffersFile, _FILE)
    _once("tokens", ((row.provider, row.model, row.region) for row in file.tokens))
    _once("cloud", ((row.provider, row.name, row.region) for row in file.cloud))
    _once("tariffs", ((row.country,) for row in file.tariffs))
    _once("rates", ((row.currency,) for row in file.rates))
    storage = file.storage
    return Offers(
        cloud=tuple(map(_cloud, file.cloud)),
        tokens=tuple(map(_token, file.tokens)),
        tariffs=tuple(map(_tariff, file.tariffs)),
        rates=tuple(map(_rate, file.rates)),
        storage_gb_month=_price(storage.gb_month, _MOST_GB_MONTH, storage) if storage else None,
        today=today,
        rents=tuple(map(_rent, file.rents)),
    )


class _Priced(Row, kw_only=True):
    currency: str = "USD"
    source: SourceRow


class _Cloud(_Priced, kw_only=True):
    provider: str
    name: str
    region: str
    card: str
    cards: int
    memory_gib: int
    hourly: Decimal | None = None
    grain_minutes: int


class _Token(_Priced, kw_only=True):
    provider: str
    model: str
    region: str
    input: Decimal
    cached: Decimal | None = None
    output: Decimal
    off_peak_share: Decimal | None = None


class _Tariff(_Priced, kw_only=True):
    country: str
    price: Decimal


class _Rate(Row, kw_only=True):
    currency: str
    per_usd: Decimal
    source: SourceRow


class _Rent(_Priced, kw_only=True):
    card: str
    where: str
    hourly: Decimal
    spot: bool = False


class _Storage(_Priced, kw_only=True):
    gb_month: Decimal


class _OffersFile(File, kw_only=True):
    cloud: tuple[_Cloud, ...] = ()
    tokens: tuple[_Token, ...] = ()
    tariffs: tuple[_Tariff, ...] = ()
    rates: tuple[_Rate, ...] = ()
    rents: tuple[_Rent, ...] = ()
    storage: _Storage | None = None


def _price(amount: Decimal, most: Decimal, row: _Priced, place: str = "storage") -> Price:
    check_price(amount, most, _FILE, place)
    money = Money(amount=amount, currency=_currency(row.currency, place))
    return Price(money=money, source=_dated(row.source, place))


def _dated(row: SourceRow, place: str) -> Source:
    source = source_of(row, _FILE)
    if source.date is None:  # a price without its date would never grow old
        raise invalid(_FILE, f"{place}: no date")
    return source


def _cloud(row: _Cloud) -> CloudOffer:
    place = f"{row.provider} {row.name}"
    for what, figure, most in (
        ("cards", row.cards, _MOST_CARDS),
        ("memory_gib", row.memory_gib, _MOST_CARD_GIB),
        ("grain_minutes", row.grain_minutes, _MOST_GRAIN_MINUTES),
    ):
        if not 0 < figure <= most:
            raise invalid(_FILE, f"{place}: {what} {figure}")
    return CloudOffer(
        provider=row.provider,
        name=row.name,
        region=row.region,
        card=row.card,
        cards=row.cards,
        memory_bytes=row.memory_gib * _GIB,
        hourly=None if row.hourly is None else _price(row.hourly, _MOST_HOURLY, row, place),
        grain_minutes=row.grain_minutes,
    )


def _token(row: _Token) -> TokenOffer:
    place = f"{row.provider} {row.model}"
    if row.region not in ("cn", "us", "eu", "world"):
        raise invalid(_FILE, f"{place}: region {row.region}")
    full = _price(row.input, _MOST_MILLION_TOKENS, row, place)
    check_price(row.output, _MOST_MILLION_TOKENS, _FILE, place)
    if row.cached is not None:  # what was read before costs no more than what is new
        check_price(row.cached, row.input, _FILE, f"{place}: cached")
    if row.off_peak_share is not None:
        check_price(row.off_peak_share, Decimal(1), _FILE, f"{place}: off_peak_share")
    return TokenOffer(
        provider=row.provider,
        model=row.model,
        region=row.region,
        currency=full.money.currency,
        input_price=row.input,
        cached_price=row.cached,
        output_price=row.output,
        off_peak_share=row.off_peak_share,
        source=full.source,
    )


def _tariff(row: _Tariff) -> Tariff:
    if not re.fullmatch(r"[A-Z]{2}", row.country):
        raise invalid(_FILE, f"country {row.country}")
    return Tariff(country=row.country, price=_price(row.price, _MOST_KWH, row, row.country))


def _rate(row: _Rate) -> Rate:
    check_price(row.per_usd, _MOST_PER_USD, _FILE, row.currency)
    currency = _currency(row.currency, "rates")
    return Rate(currency=currency, per_usd=row.per_usd, source=_dated(row.source, currency))


def _rent(row: _Rent) -> Rent:
    hourly = _price(row.hourly, _MOST_HOURLY, row, f"{row.card} {row.where}")
    return Rent(card=row.card, where=row.where, hourly=hourly, spot=row.spot)


def _currency(code: str, place: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise invalid(_FILE, f"{place}: currency {code}")
    return code


def _once(table: str, keys: Iterable[tuple[str, ...]]) -> None:
    """Two prices for one thing: nobody could say which of them holds."""
    seen = set()
    for key in keys:
        if key in seen:
            raise invalid(_FILE, f"{table}: twice {' '.join(key)}")
        seen.add(key)
