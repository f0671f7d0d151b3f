"""What a device costs: a price per vendor contract, and how a price may change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from app.core.errors import ConflictError, InvalidInputError
from app.core.money import Money

NOTICE_DAYS: Final = 60
"""Days between the announcement of a price that is not in the vendor's favour and its start."""


@dataclass(frozen=True, slots=True)
class PriceRange:
    """What a device may cost a month in one currency, and costs unless something else is agreed."""

    low: Money
    default: Money
    high: Money


PRICE_RANGES: Final[Mapping[str, PriceRange]] = {
    "USD": PriceRange(Money.of("2.00", "USD"), Money.of("2.50", "USD"), Money.of("3.00", "USD")),
    "CNY": PriceRange(Money.of("14.00", "CNY"), Money.of("17.50", "CNY"), Money.of("21.00", "CNY")),
}

DEFAULT_PRICE: Final = PRICE_RANGES["USD"].default


@dataclass(frozen=True, slots=True)
class PriceContract:
    """A monthly price per active device, in force from a day until a later contract starts."""

    price: Money
    starts_on: dt.date
    announced_on: dt.date


def default_price(currency: str) -> Money:
    """Return the price of a vendor with whom nothing else was agreed."""
    return _range(currency).default


def price_on(contracts: Iterable[PriceContract], day: dt.date) -> PriceContract:
    """Return the contract in force on a day: the one that started last; the order does not matter.

    A billing month takes the price of its last day. As changes start on the first of a month
    (``check_new_price``), only a vendor's very first contract can start within one.
    Raises ``ConflictError`` when none has started yet.
    """
    started = [contract for contract in contracts if contract.starts_on <= day]
    if not started:
        raise ConflictError(f"No price is agreed for {day}.", reason="no_price_contract")
    return max(started, key=lambda contract: contract.starts_on)


def check_new_price(
    existing: Iterable[PriceContract], new: PriceContract, today: dt.date
) -> PriceContract:
    """Return the new contract if it may be announced today.

    Every price is a whole number of minor units within its currency's range and is announced
    today. A first contract may start at once. A later one starts on the first of a month not
    before the current one; unless it is in the vendor's favour (same currency, not above the price
    it replaces), ``NOTICE_DAYS`` lie between announcement and start.

    Raises ``InvalidInputError`` with every broken rule, ``ConflictError`` when another contract
    starts on the same day.
    """
    contracts = list(existing)
    if any(contract.starts_on == new.starts_on for contract in contracts):
        raise ConflictError(
            f"Another price already starts on {new.starts_on}.", reason="price_already_set"
        )
    problems = [("price", problem) for problem in _price_problems(new.price)]
    if new.announced_on != today:
        problems.append(("announced_on", "must be today"))
    problem = _start_problem(contracts, new, today)
    if problem:
        problems.append(("starts_on", problem))
    if problems:
        raise InvalidInputError("This price cannot be agreed.", fields=problems)
    return new


def rate_devices(count: int, price: Money) -> Money:
    """Return what a number of active devices costs."""
    if count < 0:
        raise ValueError("a count is not negative")
    return price.times(count)


def _range(currency: str) -> PriceRange:
    if currency not in PRICE_RANGES:
        known = ", ".join(PRICE_RANGES)
        raise InvalidInputError(
            f"Devices are not priced in {currency}.",
            fields=[("currency", f"must be one of {known}")],
        )
    return PRICE_RANGES[currency]


def _price_problems(price: Money) -> list[str]:
    bounds = _range(price.currency)
    problems: list[str] = []
    if not bounds.low <= price <= bounds.high:
        problems.append(f"must be {bounds.low} to {bounds.high}")
    if price != price.rounded():
        problems.append("must be a whole number of the currency's smallest unit")
    return problems


def _start_problem(
    contracts: list[PriceContract], new: PriceContract, today: dt.date
) -> str | None:
    if not contracts:
        return None if new.starts_on >= today else "must not be in the past"
    if new.starts_on.day != 1:
        return "must be the first of a month"
    if new.starts_on < today.replace(day=1):
        return "must not be before the current month"
    before = [contract for contract in contracts if contract.starts_on < new.starts_on]
    replaced = price_on(before, new.starts_on).price if before else None
    if replaced is not None and _in_favour(replaced, new.price):
        return None
    if (new.starts_on - new.announced_on).days < NOTICE_DAYS:
        return f"must be at least {NOTICE_DAYS} days after the announcement"
    return None


def _in_favour(replaced: Money, new: Money) -> bool:
    return new.currency == replaced.currency and new <= replaced
