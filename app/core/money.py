"""One money type, so that no amount ever exists without its currency or as a float."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

MICROS = 1_000_000
"""Micros in one unit of any currency."""

MINOR_DIGITS = {"USD": 2, "EUR": 2, "GBP": 2, "CNY": 2, "TZS": 2, "JPY": 0}
"""Digits after the point that a currency can pay; an unknown currency is an error, never a guess."""

MAX_MICROS = 2**63 - 1
"""What a BIGINT column holds; a larger amount is refused here and never reaches the database."""

_AMOUNT = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")


class CurrencyMismatchError(ValueError):
    """Two currencies met in one sum."""


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An exact amount: integer millionths of the currency's unit.

    Arithmetic between two currencies raises ``CurrencyMismatchError``. Nothing here rounds except
    ``rounded`` (half-up, to what the currency can pay) and ``times`` (half-up, to one micro).
    """

    micros: int
    currency: str

    def __post_init__(self) -> None:
        """Refuse what is not an integer amount in a known currency."""
        if type(self.micros) is not int:
            raise TypeError(f"micros must be an int, not {type(self.micros).__name__}")
        if self.currency not in MINOR_DIGITS:
            raise ValueError(f"unknown currency {self.currency!r}")
        if abs(self.micros) > MAX_MICROS:
            raise ValueError("the amount is too large")

    @classmethod
    def zero(cls, currency: str) -> Self:
        """Return nothing, in a currency."""
        return cls(0, currency)

    @classmethod
    def of(cls, amount: str | int | Decimal, currency: str) -> Self:
        """Read a decimal amount of units, e.g. ``Money.of("12.34", "USD")``.

        Raises ``ValueError`` for anything but plain ASCII digits with at most six places that
        matter: no exponent, blank, sign ``+``, NaN or infinity.
        """
        text = f"{amount:f}" if isinstance(amount, Decimal) else str(amount)
        if _AMOUNT.fullmatch(text) is None:
            raise ValueError(f"not an amount: {text[:50]!r}")
        numerator, denominator = Decimal(text).as_integer_ratio()
        micros, rest = divmod(numerator * MICROS, denominator)
        if rest:
            raise ValueError(f"more than six decimal places: {text!r}")
        return cls(micros, currency)

    @classmethod
    def from_minor(cls, minor: int, currency: str) -> Self:
        """Read an integer amount of the currency's smallest payable unit (cents, fen)."""
        return cls(minor * minor_micros(currency), currency)

    def to_minor(self) -> int:
        """Return the amount in the smallest payable unit; raises when it is not a whole number of them."""
        minor, rest = divmod(self.micros, minor_micros(self.currency))
        if rest:
            raise ValueError(f"{self} is not a whole number of minor units")
        return minor

    def decimal(self) -> Decimal:
        """Return the amount in units, exact."""
        return Decimal(self.micros) / MICROS

    def text(self) -> str:
        """Return the amount as decimal text with the currency's digits, more only where they matter."""
        digits = MINOR_DIGITS[self.currency]
        exact = f"{self.decimal():.6f}"
        whole, _, fraction = exact.partition(".")
        fraction = fraction.rstrip("0").ljust(digits, "0")
        return f"{whole}.{fraction}" if fraction else whole

    def rounded(self) -> Self:
        """Round half-up (away from zero) to what the currency can pay."""
        unit = minor_micros(self.currency)
        return type(self)(_half_up(self.micros, unit) * unit, self.currency)

    def times(self, factor: int | Decimal) -> Self:
        """Multiply by a quantity or a rate, rounding half-up (away from zero) to one micro."""
        numerator, denominator = factor.as_integer_ratio()
        return type(self)(_half_up(self.micros * numerator, denominator), self.currency)

    def split(self, weights: Sequence[int]) -> list[Money]:
        """Divide by integer weights so that the parts add up to the whole, to the micro.

        The remainder goes one micro each to the largest fractional parts, first in order on a tie.
        Raises ``ValueError`` for no weights, a negative weight or a zero total.
        """
        total = sum(weights)
        if not weights or total <= 0 or min(weights) < 0:
            raise ValueError("weights must be non-negative and not all zero")
        sign = -1 if self.micros < 0 else 1
        shares = [divmod(abs(self.micros) * weight, total) for weight in weights]
        parts = [whole for whole, _ in shares]
        short = abs(self.micros) - sum(parts)
        by_rest = sorted(range(len(parts)), key=lambda i: (-shares[i][1], i))
        for index in by_rest[:short]:
            parts[index] += 1
        return [Money(sign * part, self.currency) for part in parts]

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatchError(f"{self.currency} and {other.currency}")

    def __add__(self, other: Money) -> Self:
        """Add within one currency."""
        self._same(other)
        return type(self)(self.micros + other.micros, self.currency)

    def __sub__(self, other: Money) -> Self:
        """Subtract within one currency."""
        self._same(other)
        return type(self)(self.micros - other.micros, self.currency)

    def __neg__(self) -> Self:
        """Return the opposite amount."""
        return type(self)(-self.micros, self.currency)

    def __lt__(self, other: Money) -> bool:
        """Compare within one currency."""
        self._same(other)
        return self.micros < other.micros

    def __le__(self, other: Money) -> bool:
        """Compare within one currency."""
        self._same(other)
        return self.micros <= other.micros

    def __gt__(self, other: Money) -> bool:
        """Compare within one currency."""
        return not self <= other

    def __ge__(self, other: Money) -> bool:
        """Compare within one currency."""
        return not self < other

    def __bool__(self) -> bool:
        """Tell whether there is any amount at all."""
        return self.micros != 0

    def __str__(self) -> str:
        """Return e.g. ``12.34 USD``."""
        return f"{self.text()} {self.currency}"


def minor_micros(currency: str) -> int:
    """Return the micros of the smallest payable unit; raises ``ValueError`` for an unknown currency."""
    if currency not in MINOR_DIGITS:
        raise ValueError(f"unknown currency {currency!r}")
    return 10 ** (6 - MINOR_DIGITS[currency])


def total(amounts: Iterable[Money], currency: str) -> Money:
    """Add amounts of one currency, nothing included."""
    result = Money.zero(currency)
    for amount in amounts:
        result += amount
    return result


def slice_of(amount: Money, start: int, stop: int, whole: int) -> Money:
    """Return the part of ``amount`` between two positions on the way from 0 to ``whole``.

    Slices that follow each other add up to what one slice over all of them gives, so the slices
    of a whole way are the whole amount, to the micro, in however many steps it was gone.
    Raises ``ValueError`` unless ``0 <= start <= stop <= whole`` and ``whole`` is positive.
    """
    if not (0 <= start <= stop <= whole and whole > 0):
        raise ValueError(f"no slice: {start} to {stop} of {whole}")
    until_start = _half_up(amount.micros * start, whole)
    until_stop = _half_up(amount.micros * stop, whole)
    return Money(until_stop - until_start, amount.currency)


def _half_up(numerator: int, denominator: int) -> int:
    """Divide exactly and round half away from zero; integers only, so that no context can interfere."""
    size = (2 * abs(numerator) + denominator) // (2 * denominator)
    return size if numerator >= 0 else -size
