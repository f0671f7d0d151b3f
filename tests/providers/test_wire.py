"""What goes to the executor and comes back is the same value, and nothing else is believed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.money import MAX_MICROS, MINOR_DIGITS, Money
from app.providers import wire
from app.providers.verbs import VERBS
from app.services.ports import (
    BillLine,
    ChargeResult,
    HostedPage,
    PaymentProvider,
    PaymentState,
    PayoutResult,
    ProviderInvoice,
    RefundResult,
)

AT = dt.datetime(2026, 12, 1, 9, 30, 0, 123456, tzinfo=dt.UTC)
TEN = Money.of("10.00", "USD")
moneys = st.builds(
    Money, st.integers(-MAX_MICROS, MAX_MICROS), st.sampled_from(sorted(MINOR_DIGITS))
)
ANSWERS: list[tuple[Any, Any]] = [
    (str, "cus_1"),
    (bool, False),
    (type(None), None),
    (HostedPage, HostedPage("cs_1", "https://pay.example.com", AT)),
    (PaymentState, PaymentState("pending", "", None)),
    (PaymentState, PaymentState("refunded", "pi_1", TEN, TEN, "Visa ending 4242")),
    (RefundResult, RefundResult("re_1", "pending")),
    (Money | None, TEN),
    (Money | None, None),
    (ProviderInvoice, ProviderInvoice("in_1", "open", TEN, Money.zero("USD"))),
    (ChargeResult, ChargeResult("failed", "pi_1", "No.", "https://pay.example.com")),
    (PayoutResult, PayoutResult("tr_1", "paid")),
    (tuple[str, str], ("acct_1", "https://pay.example.com")),
    (Sequence[BillLine], [BillLine("Calls: 3", Money.of("0.003", "USD"), "line1")]),
]


@pytest.mark.parametrize(("kind", "value"), ANSWERS, ids=lambda one: str(one)[:40])
def test_every_answer_comes_back_as_it_was(kind: Any, value: Any) -> None:
    assert wire.read(kind, json.loads(json.dumps(wire.write(value)))) == value


@given(moneys)
def test_an_amount_is_told_to_the_micro(amount: Money) -> None:
    written = wire.write(amount)
    assert set(written) == {"amount", "currency"}
    assert wire.read(Money, json.loads(json.dumps(written))) == amount


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (str, 1),
        (str, None),
        (bool, 0),
        (bool, "true"),
        (type(None), ""),
        (Money, 10),
        (Money, {"amount": 10, "currency": "USD"}),
        (Money, {"amount": "1e3", "currency": "USD"}),
        (Money, {"amount": "0.0000001", "currency": "USD"}),
        (Money, {"amount": "10", "currency": "XXX"}),
        (Money, {"amount": "10", "currency": "USD", "more": ""}),
        (dt.datetime, "2026-12-01T00:00:00"),
        (dt.datetime, 1_790_000_000),
        (tuple[str, str], ["a"]),
        (tuple[str, str], "ab"),
        (Sequence[BillLine], {}),
        (RefundResult, {"provider_ref": "re_1"}),
        (RefundResult, {"provider_ref": "re_1", "outcome": "paid", "more": 1}),
        (RefundResult, ["re_1", "paid"]),
    ],
)
def test_what_is_not_of_its_type_is_refused(kind: Any, data: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each says something else
        wire.read(kind, data)


def test_a_wrong_param_is_named() -> None:
    refund = VERBS["refund"]
    given = {"payment_ref": "pi_1", "amount": 10, "reference": "r", "idempotency_key": "k"}
    with pytest.raises(ValueError, match="amount: must be an object"):
        wire.read_params(refund.params, given)
    with pytest.raises(ValueError, match="amount is missing"):
        wire.read_params(
            refund.params, {"payment_ref": "pi_1", "reference": "r", "idempotency_key": "k"}
        )
    with pytest.raises(ValueError, match="more is not known"):
        wire.read_params(refund.params, given | {"more": 1})


def test_what_no_port_speaks_of_is_not_written() -> None:
    for odd in (1, 1.5, {"a": "b"}, {1}, b"x"):
        with pytest.raises(ValueError, match="is not written"):
            wire.write(odd)


def test_the_verbs_are_those_of_the_port() -> None:
    calls = {
        name
        for name, one in vars(PaymentProvider).items()
        if not name.startswith("_") and callable(one)
    }
    assert set(VERBS) == calls | {"check"}
