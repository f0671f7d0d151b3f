"""What a customer sees and does on the simulated pages."""

from __future__ import annotations

import httpx
import pytest
from stripe import StripeClient

from tests.sandbox.flows import (
    customer_with_card,
    open_invoice,
    payment_session,
    press,
    setup_session,
)


def test_the_page_names_its_buttons_and_says_that_it_is_simulated(
    stripe_client: StripeClient, browser: httpx.Client
) -> None:
    session = payment_session(stripe_client, 123456)
    assert session.url is not None
    text = browser.get(session.url).text
    assert "Simulated Stripe" in text
    assert "$1,234.56" in text
    for name in ("pay", "decline", "pending", "expire", "back"):
        assert f'data-testid="{name}"' in text


def test_what_the_product_wrote_is_shown_as_text_and_never_as_markup(
    stripe_client: StripeClient, browser: httpx.Client
) -> None:
    session = payment_session(
        stripe_client,
        line_items=[
            {
                "price_data": {
                    "currency": "usd",
                    "unit_amount": 100,
                    "product_data": {"name": "<script>alert(1)</script>"},
                },
                "quantity": 1,
            }
        ],
    )
    assert session.url is not None
    answer = browser.get(session.url)
    assert "<script>" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("action", "target", "status", "payment"),
    [
        ("pay", "done", "complete", "paid"),
        ("pending", "done", "complete", "unpaid"),
        ("decline", "back", "open", "unpaid"),
        ("expire", "back", "expired", "unpaid"),
    ],
)
def test_each_button_leads_back_to_the_product(
    stripe_client: StripeClient,
    browser: httpx.Client,
    action: str,
    target: str,
    status: str,
    payment: str,
) -> None:
    session = payment_session(stripe_client)
    answer = press(browser, session, action)
    done = f"http://product.example.com/done?session={session.id}"
    assert answer.status_code == 303
    assert answer.headers["location"] == (
        done if target == "done" else "http://product.example.com/back"
    )
    now = stripe_client.v1.checkout.sessions.retrieve(session.id)
    assert (now.status, now.payment_status) == (status, payment)


def test_a_card_the_bank_declines_keeps_the_page_open(
    stripe_client: StripeClient, browser: httpx.Client
) -> None:
    session = payment_session(stripe_client)
    answer = press(browser, session, "pay", "insufficient_funds")
    assert (answer.status_code, 'data-testid="problem"' in answer.text) == (200, True)
    assert press(browser, session, "pay").status_code == 303


def test_a_finished_page_cannot_be_paid_again(
    stripe_client: StripeClient, browser: httpx.Client, control: httpx.Client
) -> None:
    customer = stripe_client.v1.customers.create({}).id
    session = payment_session(stripe_client, customer=customer)
    press(browser, session, "pay")
    assert "already done" in press(browser, session, "pay").text
    assert control.get("stripe/totals").json()["customers"][customer]["charges"] == 1


@pytest.mark.parametrize(("choice", "payment"), [("succeed", "paid"), ("fail", "unpaid")])
def test_a_pending_payment_ends_by_button_and_only_once(
    stripe_client: StripeClient,
    browser: httpx.Client,
    control: httpx.Client,
    choice: str,
    payment: str,
) -> None:
    session = payment_session(stripe_client)
    press(browser, session, "pending")
    for _ in range(2):
        press(browser, session, choice)
    assert stripe_client.v1.checkout.sessions.retrieve(session.id).payment_status == payment
    kinds = [event["type"] for event in control.get("objects/event").json()]
    ended = {"succeed": "async_payment_succeeded", "fail": "async_payment_failed"}[choice]
    assert kinds.count(f"checkout.session.{ended}") == 1


def test_a_session_expires_by_the_clock(
    stripe_client: StripeClient, control: httpx.Client, browser: httpx.Client
) -> None:
    session = setup_session(stripe_client, stripe_client.v1.customers.create({}).id)
    assert session.url is not None
    control.post("clock", json={"advance": "PT25H"}).raise_for_status()
    assert stripe_client.v1.checkout.sessions.retrieve(session.id).status == "expired"
    assert browser.get(session.url).status_code == 410


def test_an_onboarding_link_works_once_and_then_leads_to_the_refresh_address(
    stripe_client: StripeClient, browser: httpx.Client
) -> None:
    account = stripe_client.v1.accounts.create(
        {"type": "express", "country": "US", "capabilities": {"transfers": {"requested": True}}}
    )
    link = stripe_client.v1.account_links.create(
        {
            "account": account.id,
            "type": "account_onboarding",
            "refresh_url": "http://product.example.com/again",
            "return_url": "http://product.example.com/connected",
        }
    )
    browser.post(link.url, data={"action": "pending"})
    seen = stripe_client.v1.accounts.retrieve(account.id)
    assert (seen.details_submitted, seen.payouts_enabled) == (True, False)
    assert browser.get(link.url).headers["location"] == "http://product.example.com/again"


def test_an_open_invoice_can_be_paid_on_its_own_page_and_has_a_pdf(
    stripe_client: StripeClient, browser: httpx.Client
) -> None:
    customer = customer_with_card(stripe_client, browser)
    invoice = open_invoice(stripe_client, customer, 250)
    assert invoice.hosted_invoice_url is not None
    assert invoice.invoice_pdf is not None
    page = browser.post(invoice.hosted_invoice_url, data={"action": "pay", "card": "mastercard"})
    assert ">paid<" in page.text
    assert stripe_client.v1.invoices.retrieve(invoice.id).status == "paid"
    assert browser.get(invoice.invoice_pdf).content.startswith(b"%PDF-")


def test_the_portal_adds_prefers_and_removes_cards(
    stripe_client: StripeClient, browser: httpx.Client
) -> None:
    customer = customer_with_card(stripe_client, browser)
    portal = stripe_client.v1.billing_portal.sessions.create({"customer": customer})
    browser.post(portal.url, data={"action": "add", "card": "mastercard"})
    newest, first = stripe_client.v1.payment_methods.list({"customer": customer}).data
    browser.post(portal.url, data={"action": "prefer", "method": newest.id})
    browser.post(portal.url, data={"action": "remove", "method": first.id})
    now = stripe_client.v1.customers.retrieve(customer)
    assert now.invoice_settings is not None
    assert now.invoice_settings.default_payment_method == newest.id
    assert len(stripe_client.v1.payment_methods.list({"customer": customer}).data) == 1


def test_the_dashboard_refunds_and_disputes(
    stripe_client: StripeClient, browser: httpx.Client, control: httpx.Client
) -> None:
    for _ in range(2):
        press(browser, payment_session(stripe_client), "pay")
    one, two = stripe_client.v1.charges.list().data
    browser.post("/stripe/dashboard", data={"action": "refund", "id": one.id})
    browser.post("/stripe/dashboard", data={"action": "dispute", "id": two.id})
    assert stripe_client.v1.charges.retrieve(one.id).refunded
    assert stripe_client.v1.charges.retrieve(two.id).disputed
    text = browser.get("/stripe/dashboard").text
    assert "disputed: needs response" in text
    assert ">refunded<" in text
