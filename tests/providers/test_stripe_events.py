"""What Stripe's notifications say: as they arrive from the double, and written by hand where it has none."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from app.core.clock import wall_now
from app.core.errors import MalformedError
from app.providers.stripe import StripeEvents
from app.services.ports import EventKind, ProviderEvent
from tests.providers.outside import Outside
from tests.providers.samples.stripe import (
    TEN,
    TWO,
    StripeSample,
    client,
    open_invoice,
    start_payment,
    start_setup,
)

ACCOUNT, CONNECT = StripeSample.sources

pytestmark = pytest.mark.xdist_group("providers")


@pytest.fixture(scope="module")
async def provider(outside: Outside) -> AsyncGenerator[Any]:
    adapter = StripeSample().provider(outside)
    yield adapter
    await adapter.close()


def heard(outside: Outside, since: int) -> list[ProviderEvent]:
    """Return what the account's endpoint was told since some notification."""
    notes = outside.notes(ACCOUNT.path)[since:]
    source = ACCOUNT.source(outside)
    events = [source.parse_event(note.body, note.headers, wall_now()) for note in notes]
    return [event for event in events if event is not None]


def told(outside: Outside, **event: Any) -> ProviderEvent | None:
    """Read a notification written by hand."""
    body = {"id": "evt_1", "created": 1_790_000_000, "livemode": False, **event}
    source = CONNECT if event["type"].startswith("account.") else ACCOUNT
    note = source.write(outside, at=wall_now(), body=json.dumps(body).encode())
    return source.source(outside).parse_event(note.body, note.headers, wall_now())


async def test_binding_a_card_is_told_in_parts_that_may_come_in_any_order(
    provider: Any, outside: Outside
) -> None:
    name, since = uuid.uuid4().hex, len(outside.notes(ACCOUNT.path))
    customer = await provider.create_customer(
        tenant_id=name, name="Acme Toys", email="a@example.com", idempotency_key=name
    )
    page = await start_setup(provider, customer, f"setup:{name}")
    outside.press(page.url, "pay", card="visa")
    events = heard(outside, since)
    assert {event.kind for event in events} == {EventKind.METHOD_CONNECTED}
    assert [event.facts["customer_ref"] for event in events] == [customer] * 3
    methods = {event.facts["method_ref"] for event in events} - {""}
    assert len(methods) == 1
    assert {event.facts["label"] for event in events} == {"", "Visa ending 4242"}
    assert {event.facts["checkout_ref"] for event in events} == {"", page.provider_ref}


@pytest.mark.parametrize(
    ("method", "label"),
    [
        (
            {"type": "card", "card": {"brand": "amex", "last4": "0005"}},
            "American Express ending 0005",
        ),
        (
            {"type": "card", "card": {"brand": "eftpos_au", "last4": "0005"}},
            "Eftpos Au ending 0005",
        ),
        ({"type": "card", "card": {"brand": None, "last4": "0005"}}, "Account ending 0005"),
        ({"type": "us_bank_account", "us_bank_account": {"last4": "6789"}}, "Account ending 6789"),
        ({"type": "link", "link": {}}, ""),
        ({}, ""),
    ],
)
def test_what_one_pays_with_is_named_for_people(
    outside: Outside, method: dict[str, Any], label: str
) -> None:
    changed = {"id": "pm_1", "customer": "cus_1", **method}
    event = told(outside, type="payment_method.automatically_updated", data={"object": changed})
    assert event is not None
    assert event.kind is EventKind.METHOD_CONNECTED
    assert event.facts["label"] == label


async def test_a_refund_tells_its_own_amount_and_all_that_was_given_back(
    provider: Any, outside: Outside
) -> None:
    page = await start_payment(provider, outside, "")
    outside.press(page.url, "pay", card="visa")
    payment = (await provider.fetch_page(page.provider_ref)).payment_ref
    since = len(outside.notes(ACCOUNT.path))
    for amount in (TWO, TEN - TWO):
        key = uuid.uuid4().hex
        await provider.refund(
            payment_ref=payment, amount=amount, reference=key, idempotency_key=key
        )
        outside.notes(ACCOUNT.path)
    facts = [event.facts for event in heard(outside, since)]
    assert [one["payment_ref"] for one in facts] == [payment, payment]
    assert [one["amount"]["amount"] for one in facts] == ["2.00", "8.00"]
    assert [one["refunded_total"]["amount"] for one in facts] == ["2.00", "10.00"]


async def test_a_payment_in_the_dashboard_of_a_connected_account_is_not_ours(
    outside: Outside,
) -> None:
    invoice = {"id": "in_1", "amount_paid": 100, "currency": "usd"}
    event = {"id": "evt_1", "type": "invoice.paid", "livemode": False, "created": 1}
    body = json.dumps({**event, "account": "acct_1", "data": {"object": invoice}}).encode()
    note = CONNECT.write(outside, at=wall_now(), body=body)
    assert CONNECT.source(outside).parse_event(note.body, note.headers, wall_now()) is None


def test_a_notification_of_the_other_mode_is_acknowledged_and_forgotten(outside: Outside) -> None:
    subject = {"object": {"id": "in_1"}}
    assert told(outside, type="invoice.voided", data=subject) is not None
    assert told(outside, type="invoice.voided", data=subject, livemode=True) is None


def test_what_nothing_follows_from_is_acknowledged_and_forgotten(outside: Outside) -> None:
    assert told(outside, type="customer.created", data={"object": {"id": "cus_1"}}) is None


def test_an_account_that_was_disconnected_is_not_ready(outside: Outside) -> None:
    event = told(
        outside,
        type="account.application.deauthorized",
        account="acct_1",
        data={"object": {"id": "ca_1"}},
    )
    assert event is not None
    assert event.subject_ref == event.facts["account_ref"] == "acct_1"
    assert event.facts["is_ready"] is False
    assert event.facts["blocked_reason"]


@pytest.mark.parametrize(
    ("state", "is_ready"),
    [
        ({"payouts_enabled": True, "details_submitted": True}, True),
        ({"payouts_enabled": False, "details_submitted": True}, False),
        ({"payouts_enabled": True, "details_submitted": False}, False),
    ],
)
def test_only_an_account_s_own_state_makes_it_ready(
    outside: Outside, state: dict[str, bool], is_ready: bool
) -> None:
    account = {"id": "acct_1", "capabilities": {"transfers": "active"}, **state}
    event = told(outside, type="account.updated", data={"object": account})
    assert event is not None
    assert event.facts["is_ready"] is is_ready
    inactive = {**account, "capabilities": {"transfers": "inactive"}}
    event = told(outside, type="account.updated", data={"object": inactive})
    assert event is not None
    assert event.facts["is_ready"] is False


def test_money_that_cannot_be_named_here_is_refused_loudly(outside: Outside) -> None:
    for amount, currency in (
        (100, "xau"),
        ("100", "usd"),
        (1.5, "usd"),
        (None, "usd"),
        (True, "usd"),
    ):
        invoice = {"id": "in_1", "amount_paid": amount, "currency": currency}
        with pytest.raises(MalformedError):
            told(outside, type="invoice.paid", data={"object": invoice})


@pytest.mark.parametrize("missing", ["id", "type", "created", "livemode", "data"])
def test_a_notification_without_one_of_its_parts_is_refused(outside: Outside, missing: str) -> None:
    event = {
        "id": "evt_1",
        "type": "invoice.voided",
        "created": 1,
        "livemode": False,
        "data": {"object": {"id": "in_1"}},
    }
    del event[missing]
    note = ACCOUNT.write(outside, at=wall_now(), body=json.dumps(event).encode())
    with pytest.raises(MalformedError):
        ACCOUNT.source(outside).parse_event(note.body, note.headers, wall_now())


def test_several_secrets_are_good_while_one_is_rotated(outside: Outside) -> None:
    note = ACCOUNT.write(outside, at=wall_now())
    both = StripeEvents("stripe", "whsec_new, whsec_of_the_account", is_live=False)
    assert both.parse_event(note.body, note.headers, wall_now()) is not None


async def test_a_card_the_bank_wants_to_see_is_told_with_a_link(
    provider: Any, outside: Outside
) -> None:
    name = uuid.uuid4().hex
    customer = await provider.create_customer(
        tenant_id=name, name="Acme Toys", email="a@example.com", idempotency_key=name
    )
    client(outside).v1.payment_methods.attach("pm_card_visa", {"customer": customer})
    outside.control(f"stripe/customers/{customer}/decline", code="authentication_required")
    since = len(outside.notes(ACCOUNT.path))
    invoice = await open_invoice(provider, customer, name, f"invoice:{name}")
    await provider.charge_invoice(invoice.provider_ref, idempotency_key=f"charge:{name}")
    urls = {event.facts["needs_action_url"] for event in heard(outside, since)}
    assert urls == {"", invoice.hosted_url}


@pytest.mark.parametrize("kind", ["refund.failed", "refund.updated", "charge.refund.updated"])
@pytest.mark.parametrize("status", ["failed", "canceled", "pending", "succeeded"])
def test_a_refund_that_did_not_work_is_told_by_each_of_its_notifications(
    outside: Outside, kind: str, status: str
) -> None:
    refund = {
        "id": "re_1",
        "object": "refund",
        "status": status,
        "payment_intent": "pi_1",
        "amount": 250,
        "currency": "usd",
        "metadata": {"reference": "0123"},
    }
    event = told(outside, type=kind, data={"object": refund})
    if kind != "refund.failed" and status not in ("failed", "canceled"):
        assert event is None
        return
    assert event is not None
    assert event.kind is EventKind.REFUND_FAILED
    assert event.facts == {
        "payment_ref": "pi_1",
        "refund_ref": "re_1",
        "reference": "0123",
        "amount": {"amount": "2.50", "currency": "USD"},
        "failure": "The refund failed.",
    }


def _signed(scheme: str, secret: str) -> tuple[bytes, dict[str, str]]:
    body, at = json.dumps({"id": "evt_1"}).encode(), int(wall_now().timestamp())
    proof = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return body, {"stripe-signature": f"t={at},{scheme}={proof}"}


def test_only_the_present_scheme_signs() -> None:
    """Test events carry a v0 as well, which proves nothing."""
    source = StripeEvents("stripe", "whsec_1", is_live=False)
    body, headers = _signed("v0", "whsec_1")
    with pytest.raises(MalformedError, match="does not match"):
        source.parse_event(body, headers, wall_now())


def test_each_endpoint_takes_its_own_secret_only() -> None:
    account = StripeEvents("stripe", "whsec_1", is_live=False)
    connect = StripeEvents("stripe-connect", "whsec_2", is_live=False)
    for source, secret in ((account, "whsec_2"), (connect, "whsec_1")):
        body, headers = _signed("v1", secret)
        with pytest.raises(MalformedError, match="does not match"):
            source.parse_event(body, headers, wall_now())
