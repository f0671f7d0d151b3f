"""A vendor's path through Stripe: customer, saved card, invoice, payment."""

from __future__ import annotations

import httpx
import pytest
import stripe
from stripe import StripeClient

from tests.sandbox.flows import customer_with_card, open_invoice


def test_a_saved_card_pays_an_invoice_that_advances_by_itself(
    stripe_client: StripeClient, browser: httpx.Client, control: httpx.Client
) -> None:
    customer = customer_with_card(stripe_client, browser)
    invoice = open_invoice(stripe_client, customer, 250, auto_advance=True)
    assert invoice.status == "open"
    control.get("idle").raise_for_status()
    paid = stripe_client.v1.invoices.retrieve(invoice.id)
    assert (paid.status, paid.amount_paid, paid.amount_remaining) == ("paid", 250, 0)


def test_an_invoice_is_charged_once_however_often_payment_is_asked_for(
    stripe_client: StripeClient, browser: httpx.Client, control: httpx.Client
) -> None:
    customer = customer_with_card(stripe_client, browser)
    invoice = open_invoice(stripe_client, customer, 250)
    stripe_client.v1.invoices.pay(invoice.id)
    with pytest.raises(stripe.InvalidRequestError, match="already paid"):
        stripe_client.v1.invoices.pay(invoice.id)
    totals = control.get("stripe/totals").json()
    assert totals["invoices"][invoice.id]["charges"] == 1
    assert totals["customers"][customer]["charged"] == 250
