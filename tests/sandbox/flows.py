"""Steps that several sandbox tests begin with."""

from __future__ import annotations

from typing import Any

import httpx
from stripe import Invoice, StripeClient
from stripe.checkout import Session


def setup_session(client: StripeClient, customer: str, **more: Any) -> Session:
    return client.v1.checkout.sessions.create(
        {
            "mode": "setup",
            "customer": customer,
            "currency": "usd",
            "success_url": "http://product.example.com/done?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://product.example.com/back",
            **more,
        }
    )


def payment_session(client: StripeClient, amount: int = 1200, **more: Any) -> Session:
    return client.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [
                {
                    "price_data": {
                        "currency": "usd",
                        "unit_amount": amount,
                        "product_data": {"name": "Credit"},
                    },
                    "quantity": 1,
                }
            ],
            "success_url": "http://product.example.com/done?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://product.example.com/back",
            **more,
        }
    )


def press(
    browser: httpx.Client, session: Session, action: str, card: str = "visa"
) -> httpx.Response:
    """Press a button of a hosted page."""
    assert session.url is not None
    return browser.post(session.url, data={"action": action, "card": card})


def customer_with_card(client: StripeClient, browser: httpx.Client, card: str = "visa") -> str:
    """Make a customer whose card is saved and charged by default."""
    customer = client.v1.customers.create({"name": "Acme Toys", "email": "owner@acme.example.com"})
    session = setup_session(client, customer.id)
    assert press(browser, session, "pay", card).status_code == 303
    methods = client.v1.payment_methods.list({"customer": customer.id})
    client.v1.customers.update(
        customer.id, {"invoice_settings": {"default_payment_method": methods.data[0].id}}
    )
    return customer.id


def open_invoice(
    client: StripeClient, customer: str, amount: int, *, auto_advance: bool = False, **more: Any
) -> Invoice:
    """Make a draft with one line and open it."""
    draft = client.v1.invoices.create({"customer": customer, "currency": "usd", **more})
    client.v1.invoice_items.create(
        {
            "customer": customer,
            "invoice": draft.id,
            "amount": amount,
            "currency": "usd",
            "description": "Active devices",
        }
    )
    return client.v1.invoices.finalize_invoice(draft.id, {"auto_advance": auto_advance})


def connected_account(client: StripeClient, browser: httpx.Client) -> str:
    """Make a vendor's account and walk it through onboarding."""
    account = client.v1.accounts.create(
        {
            "type": "express",
            "country": "US",
            "email": "owner@acme.example.com",
            "capabilities": {"transfers": {"requested": True}},
        }
    )
    link = client.v1.account_links.create(
        {
            "account": account.id,
            "type": "account_onboarding",
            "refresh_url": "http://product.example.com/again",
            "return_url": "http://product.example.com/connected",
        }
    )
    answer = browser.post(link.url, data={"action": "pay"})
    assert answer.headers["location"] == "http://product.example.com/connected"
    return account.id
