"""The double's answers have the shape that Stripe's own package declares."""

from __future__ import annotations

import httpx
import pytest
import stripe
from stripe import StripeClient

from tests.sandbox.conform import problems
from tests.sandbox.flows import (
    connected_account,
    customer_with_card,
    open_invoice,
    payment_session,
    press,
    setup_session,
)

CLASSES: dict[str, type[stripe.StripeObject]] = {
    "customer": stripe.Customer,
    "payment_method": stripe.PaymentMethod,
    "payment_intent": stripe.PaymentIntent,
    "setup_intent": stripe.SetupIntent,
    "charge": stripe.Charge,
    "checkout.session": stripe.checkout.Session,
    "invoice": stripe.Invoice,
    "invoiceitem": stripe.InvoiceItem,
    "invoice_payment": stripe.InvoicePayment,
    "refund": stripe.Refund,
    "dispute": stripe.Dispute,
    "credit_note": stripe.CreditNote,
    "account": stripe.Account,
    "transfer": stripe.Transfer,
    "payout": stripe.Payout,
    "webhook_endpoint": stripe.WebhookEndpoint,
    "billing_portal.session": stripe.billing_portal.Session,
    "event": stripe.Event,
}


def _live_a_little(client: StripeClient, browser: httpx.Client, control: httpx.Client) -> None:
    """Make at least one object of every kind, in every state that has keys of its own."""
    good = customer_with_card(client, browser)
    poor = customer_with_card(client, browser, "insufficient_funds")
    session = setup_session(client, good)
    press(browser, session, "decline")
    press(browser, session, "pending")
    press(browser, payment_session(client, customer=good), "pay", "declines_later")
    press(
        browser,
        payment_session(client, payment_intent_data={"setup_future_usage": "off_session"}),
        "pay",
    )
    press(browser, payment_session(client, customer=good), "expire")
    press(browser, payment_session(client, customer=good), "pending")
    paid = open_invoice(client, good, 900)
    client.v1.invoices.pay(paid.id)
    client.v1.credit_notes.create({"invoice": paid.id, "amount": 100, "refund_amount": 100})
    failed = open_invoice(client, poor, 900)
    with pytest.raises(stripe.CardError):
        client.v1.invoices.pay(failed.id)
    client.v1.credit_notes.create({"invoice": failed.id, "amount": 100})
    client.v1.invoices.void_invoice(failed.id)
    client.v1.invoices.pay(open_invoice(client, poor, 500).id, {"paid_out_of_band": True})
    client.v1.invoices.create(
        {"customer": good, "collection_method": "send_invoice", "days_until_due": 14}
    )
    charge = client.v1.charges.list({"customer": good}).data[0]
    control.post("stripe/refunds", json={"charge": charge.id, "amount": 50}).raise_for_status()
    control.post("stripe/disputes", json={"invoice": paid.id}).raise_for_status()
    vendor = connected_account(client, browser)
    transfer = client.v1.transfers.create({"amount": 500, "currency": "usd", "destination": vendor})
    client.v1.transfers.reversals.create(transfer.id, {"amount": 200})
    control.post(f"stripe/accounts/{vendor}/payout-failure").raise_for_status()
    client.v1.billing_portal.sessions.create({"customer": good})


def test_every_stored_object_has_the_shape_its_class_declares(
    stripe_client: StripeClient, browser: httpx.Client, control: httpx.Client
) -> None:
    _live_a_little(stripe_client, browser, control)
    found: list[str] = []
    for kind, wanted in CLASSES.items():
        rows = control.get(f"objects/{kind}").json()
        assert rows, f"the scenario makes no {kind}"
        found += [p for row in rows for p in problems(row, wanted, kind)]
    for event in control.get("objects/event").json():
        subject = event["data"]["object"]
        found += problems(subject, CLASSES[subject["object"]], event["type"])
    assert sorted(set(found)) == []


def test_answers_that_are_not_stored_have_the_declared_shape_too(
    stripe_client: StripeClient, browser: httpx.Client, sandbox: object
) -> None:
    client = stripe_client
    customer = customer_with_card(client, browser)
    invoice = open_invoice(client, customer, 900)
    account = client.v1.accounts.create({"type": "express", "country": "US"})
    link = client.v1.account_links.create(
        {
            "account": account.id,
            "type": "account_onboarding",
            "refresh_url": "http://product.example.com/again",
            "return_url": "http://product.example.com/done",
        }
    )
    session = payment_session(client)
    answers: list[tuple[stripe.StripeObject, type[stripe.StripeObject]]] = [
        (client.v1.balance.retrieve(), stripe.Balance),
        (link, stripe.AccountLink),
        (invoice.lines.data[0], stripe.InvoiceLineItem),
        (client.v1.checkout.sessions.line_items.list(session.id).data[0], stripe.LineItem),
        (client.v1.invoices.retrieve(invoice.id, {"expand": ["payments"]}), stripe.Invoice),
        (
            client.v1.webhook_endpoints.create(
                {"url": "http://product.example.com/hook", "enabled_events": ["*"]}
            ),
            stripe.WebhookEndpoint,
        ),
    ]
    for answer, wanted in answers:
        assert problems(answer.to_dict(), wanted) == []


def test_the_comparison_itself_finds_what_is_wrong() -> None:
    balance = {"object": "balance", "available": [{"amount": "1", "extra": 1}], "livemode": False}
    assert problems(balance, stripe.Balance) == [
        "$.available[0].extra: unknown to Balance.Available",
        "$.available[0].amount: '1' is not int",
        "$.available[0].currency: missing",
        "$.pending: missing",
    ]
