"""Stripe's integer amounts, by an explicit table: an unknown currency raises, never a guess."""

from __future__ import annotations

from app.core.errors import ProviderRefusedError
from app.core.money import Money

EXPONENTS = {"USD": 2, "EUR": 2, "GBP": 2, "CNY": 2, "TZS": 2, "JPY": 0}
"""Digits of Stripe's integer amounts."""


def to_minor(amount: Money) -> int:
    """Return Stripe's integer amount; raises ``ProviderRefusedError`` for what it cannot take."""
    if amount.currency not in EXPONENTS:
        raise ProviderRefusedError(f"Stripe cannot take {amount.currency}.")
    minor, rest = divmod(amount.micros, _micros(amount.currency))
    if rest:
        raise ProviderRefusedError(f"{amount} is finer than Stripe can take.")
    return minor


def from_minor(minor: int, currency: str) -> Money:
    """Read Stripe's integer amount; raises ``ProviderRefusedError`` for an unknown currency."""
    code = currency.upper()
    if code not in EXPONENTS:
        raise ProviderRefusedError(f"Stripe named {code}, which is not known here.")
    return Money(minor * _micros(code), code)


def _micros(currency: str) -> int:
    return 10 ** (6 - EXPONENTS[currency])
