"""Billing months: whole UTC months, half-open, so that no instant is billed twice or never."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Self

from app.core.clock import require_utc
from app.core.errors import InvalidInputError

_TEXT = re.compile(r"([0-9]{4})-([0-9]{2})")


@dataclass(frozen=True, slots=True, order=True)
class BillingMonth:
    """One UTC month ``[start, end)``; sorts by time."""

    year: int
    month: int

    def __post_init__(self) -> None:
        """Refuse what is no month."""
        if not (2000 <= self.year <= 9998 and 1 <= self.month <= 12):
            raise ValueError(f"no billing month: {self.year}-{self.month}")

    @classmethod
    def parse(cls, text: str, field: str = "month") -> Self:
        """Read ``YYYY-MM``."""
        match = _TEXT.fullmatch(text)
        try:
            return cls(int(match[1]), int(match[2])) if match else cls(0, 0)
        except ValueError as error:
            problem = "must be a month as YYYY-MM"
            raise InvalidInputError(f"The {field} {problem}.", fields=[(field, problem)]) from error

    @classmethod
    def containing(cls, instant: dt.datetime) -> Self:
        """Return the month an aware instant falls into."""
        utc = require_utc(instant)
        return cls(utc.year, utc.month)

    @property
    def start(self) -> dt.datetime:
        """The first instant of the month."""
        return dt.datetime(self.year, self.month, 1, tzinfo=dt.UTC)

    @property
    def end(self) -> dt.datetime:
        """The first instant that is no longer in the month."""
        return dt.datetime(self.year + self.month // 12, self.month % 12 + 1, 1, tzinfo=dt.UTC)

    @property
    def first_day(self) -> dt.date:
        """The first day."""
        return self.start.date()

    @property
    def last_day(self) -> dt.date:
        """The last day that belongs to the month."""
        return self.end.date() - dt.timedelta(days=1)

    @property
    def next(self) -> BillingMonth:
        """The month after."""
        return self._shifted(1)

    @property
    def previous(self) -> BillingMonth:
        """The month before."""
        return self._shifted(-1)

    def __contains__(self, instant: dt.datetime) -> bool:
        """Tell whether an aware instant falls into the month."""
        return self.start <= require_utc(instant) < self.end

    def __str__(self) -> str:
        """Return ``YYYY-MM``."""
        return f"{self.year:04d}-{self.month:02d}"

    def _shifted(self, months: int) -> BillingMonth:
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return BillingMonth(year, month + 1)
