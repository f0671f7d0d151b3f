"""Hypothesis strategies shared by the laws, and the profile they run under."""

from __future__ import annotations

import datetime as dt

from hypothesis import settings
from hypothesis import strategies as st

from app.core.money import MINOR_DIGITS, Money

# A busy machine must not turn a law into a timing test.
settings.register_profile("laws", deadline=None)
settings.load_profile("laws")

currencies = st.sampled_from(sorted(MINOR_DIGITS))


def moneys(
    low: int = -(10**15), high: int = 10**15, currency: str | None = None
) -> st.SearchStrategy[Money]:
    """Amounts between two numbers of micros, in one currency or in any."""
    named = currencies if currency is None else st.just(currency)
    return st.builds(Money, st.integers(low, high), named)


def instants(year: int = 2000, until: int = 2100) -> st.SearchStrategy[dt.datetime]:
    """Aware instants in UTC."""
    naive = st.datetimes(dt.datetime(year, 1, 1), dt.datetime(until, 1, 1))
    return naive.map(lambda value: value.replace(tzinfo=dt.UTC))
