from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.money import Money
from app.rules.reconciliation import Difference, Ours, Theirs, compare
from app.rules.statuses import InvoiceStatus


def usd(text: str) -> Money:
    return Money.of(text, "USD")


def ours(status: str, *, credited: str = "0", left: str = "10", has_copy: bool = True) -> Ours:
    return Ours(InvoiceStatus(status), usd("10"), usd(credited), usd(left), has_copy)


@pytest.mark.parametrize(
    ("here", "there", "difference"),
    [
        (ours("open"), Theirs("open", usd("10")), None),
        (ours("open", credited="3", left="7"), Theirs("open", usd("7")), None),
        (ours("open", credited="3", left="7"), Theirs("open", usd("10")), "amount_differs"),
        (ours("open"), Theirs("paid", usd("10")), "paid_there"),
        (ours("open"), Theirs("void", usd("10")), "void_there"),
        (ours("open"), None, "missing_there"),
        (ours("open", has_copy=False), None, "no_copy"),
        (ours("open", left="0", has_copy=False), None, None),
        (ours("paid", left="0"), Theirs("paid", usd("10")), None),
        (ours("paid", credited="3", left="-3"), Theirs("paid", usd("10")), None),
        (ours("paid", credited="3", left="0"), Theirs("paid", usd("7")), None),
        (ours("paid", left="0"), Theirs("paid", usd("9.99")), "amount_differs"),
        (ours("paid", left="0"), Theirs("paid", usd("10.01")), "amount_differs"),
        (ours("paid", left="0"), Theirs("open", usd("10")), "paid_here"),
        (ours("paid", left="0"), Theirs("void", usd("10")), None),
        (ours("paid", left="0", has_copy=False), None, None),
        (ours("refunded", left="0"), Theirs("paid", usd("10")), None),
        (ours("disputed", left="0"), Theirs("open", usd("10")), "paid_here"),
        (ours("void", credited="10", left="0"), Theirs("void", usd("10")), None),
        (ours("void", credited="10", left="0"), Theirs("open", usd("10")), "void_here"),
        (ours("void", credited="10", left="0"), Theirs("paid", usd("10")), "paid_there"),
    ],
)
def test_what_does_not_agree_is_named(
    here: Ours, there: Theirs | None, difference: str | None
) -> None:
    assert compare(here, there) == (Difference(difference) if difference else None)


def test_another_currency_is_another_amount() -> None:
    assert compare(ours("open"), Theirs("open", Money.of("10", "EUR"))) is Difference.AMOUNT_DIFFERS


@given(cents=st.integers(1, 10**8), off=st.integers(-(10**6), 10**6))
def test_an_open_copy_agrees_exactly_when_it_claims_what_is_left(cents: int, off: int) -> None:
    left = Money.from_minor(cents, "USD")
    here = Ours(InvoiceStatus.OPEN, left, usd("0"), left)
    there = Theirs("open", Money.from_minor(cents + off, "USD"))
    assert (compare(here, there) is None) == (off == 0)
