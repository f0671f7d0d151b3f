"""The Stripe double is as strict as Stripe: keys, parameters, idempotency, refusals, lost answers."""

from __future__ import annotations

import httpx
import pytest
import stripe
from stripe import StripeClient

from app.sandbox.launch import RunningSandbox
from tests.sandbox.flows import (
    connected_account,
    customer_with_card,
    open_invoice,
    payment_session,
    press,
    setup_session,
)


def test_a_wrong_key_and_a_missing_one_are_refused(sandbox: RunningSandbox) -> None:
    wrong = StripeClient("sk_test_other", base_addresses={"api": sandbox.stripe_api_base})
    with pytest.raises(stripe.AuthenticationError):
        wrong.v1.customers.create({})
    assert httpx.get(f"{sandbox.stripe_api_base}/v1/customers").status_code == 401


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"nmae": "Acme Toys"}, "parameter_unknown", "nmae"),
        ({"invoice_settings": {"card": "x"}}, "parameter_unknown", "invoice_settings[card]"),
        ({"api_key": "sk"}, "parameter_unknown", "api_key"),
    ],
)
def test_unknown_parameters_are_refused_by_name(
    sandbox: RunningSandbox, params: dict, code: str, param: str
) -> None:
    # By a plain form, as the real package would refuse some of these itself.
    flat = {
        f"{key}[{inner}]" if isinstance(value, dict) else key: (
            value[inner] if isinstance(value, dict) else value
        )
        for key, value in params.items()
        for inner in (value if isinstance(value, dict) else [""])
    }
    answer = httpx.post(
        f"{sandbox.stripe_api_base}/v1/customers",
        data=flat,
        headers={"Authorization": "Bearer sk_test_sandbox"},
    )
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["param"]) == (code, param)


def test_what_stripe_would_take_but_the_double_cannot_do_is_refused_not_ignored(
    stripe_client: StripeClient,
) -> None:
    customer = stripe_client.v1.customers.create({})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe_client.v1.invoices.create(
            {"customer": customer.id, "automatic_tax": {"enabled": True}}
        )
    assert caught.value.code == "sandbox_not_simulated"


def test_payment_method_types_are_no_longer_taken(stripe_client: StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        setup_session(
            stripe_client,
            stripe_client.v1.customers.create({}).id,
            payment_method_types=["card"],
        )
    assert caught.value.code == "payment_method_types_no_longer_supported"


def test_a_key_used_again_is_answered_again_and_refused_with_other_parameters(
    stripe_client: StripeClient, control: httpx.Client
) -> None:
    create = stripe_client.v1.customers.create
    first = create({"name": "Acme Toys"}, {"idempotency_key": "tenant-1"})
    again = create({"name": "Acme Toys"}, {"idempotency_key": "tenant-1"})
    assert again.id == first.id
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError):
        create({"name": "Beta Toys"}, {"idempotency_key": "tenant-1"})
    control.post("clock", json={"advance": "P1DT1M"}).raise_for_status()
    assert create({"name": "Acme Toys"}, {"idempotency_key": "tenant-1"}).id != first.id


def test_a_failed_validation_does_not_use_up_the_key(stripe_client: StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        stripe_client.v1.customers.create({"nmae": "x"}, {"idempotency_key": "k"})  # type: ignore[typeddict-unknown-key]
    assert stripe_client.v1.customers.create({"name": "x"}, {"idempotency_key": "k"}).name == "x"


def test_a_lost_answer_is_recovered_by_the_same_key_without_a_second_charge(
    stripe_client: StripeClient, browser: httpx.Client, control: httpx.Client
) -> None:
    customer = customer_with_card(stripe_client, browser)
    invoice = open_invoice(stripe_client, customer, 250)
    control.post(
        "faults", json={"route": "POST */invoices/*/pay", "kind": "reset", "when": "after"}
    ).raise_for_status()
    with pytest.raises(stripe.APIConnectionError):
        stripe_client.v1.invoices.pay(invoice.id, {}, {"idempotency_key": "pay-1"})
    paid = stripe_client.v1.invoices.pay(invoice.id, {}, {"idempotency_key": "pay-1"})
    assert paid.status == "paid"
    assert control.get("stripe/totals").json()["invoices"][invoice.id]["charges"] == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [(500, stripe.APIError), (429, stripe.RateLimitError), (409, stripe.APIError)],
)
def test_a_fault_before_the_work_leaves_no_trace(
    stripe_client: StripeClient, control: httpx.Client, status: int, error: type[Exception]
) -> None:
    control.post("faults", json={"route": "POST */customers", "status": status})
    with pytest.raises(error):
        stripe_client.v1.customers.create({"name": "Acme Toys"})
    assert stripe_client.v1.customers.list().data == []
    assert stripe_client.v1.customers.create({"name": "Acme Toys"}).name == "Acme Toys"


@pytest.mark.parametrize(
    ("card", "code", "decline"),
    [
        ("declines_later", "card_declined", "generic_decline"),
        ("insufficient_funds", "card_declined", "insufficient_funds"),
        ("authentication", "authentication_required", "authentication_required"),
    ],
)
def test_a_saved_card_that_fails_later_says_why(
    stripe_client: StripeClient, browser: httpx.Client, card: str, code: str, decline: str
) -> None:
    customer = customer_with_card(stripe_client, browser, card)
    method = stripe_client.v1.payment_methods.list({"customer": customer}).data[0]
    with pytest.raises(stripe.CardError) as caught:
        stripe_client.v1.payment_intents.create(
            {
                "amount": 500,
                "currency": "usd",
                "customer": customer,
                "payment_method": method.id,
                "confirm": True,
                "off_session": True,
            }
        )
    assert caught.value.code == code
    assert caught.value.error is not None
    assert caught.value.error.decline_code == decline
    assert caught.value.error.payment_intent is not None
    assert caught.value.error.payment_intent.status == "requires_payment_method"


def test_a_customer_can_be_made_to_decline_and_to_pay_again(
    stripe_client: StripeClient, browser: httpx.Client, control: httpx.Client
) -> None:
    customer = customer_with_card(stripe_client, browser)
    invoice = open_invoice(stripe_client, customer, 250)
    control.post(f"stripe/customers/{customer}/decline", json={"code": "insufficient_funds"})
    with pytest.raises(stripe.CardError):
        stripe_client.v1.invoices.pay(invoice.id)
    control.post(f"stripe/customers/{customer}/decline", json={"code": None})
    assert stripe_client.v1.invoices.pay(invoice.id).attempt_count == 2


def test_pending_items_join_an_invoice_only_when_asked(stripe_client: StripeClient) -> None:
    customer = stripe_client.v1.customers.create({}).id
    stripe_client.v1.invoice_items.create(
        {"customer": customer, "quantity": 3, "unit_amount_decimal": "250.5", "currency": "usd"}  # type: ignore[typeddict-item]
    )
    assert stripe_client.v1.invoices.create({"customer": customer}).total == 0
    asked = stripe_client.v1.invoices.create(
        {"customer": customer, "pending_invoice_items_behavior": "include"}
    )
    assert asked.total == 752  # 751.5 rounded half up


def test_a_draft_that_advances_by_itself_is_opened_and_collected_after_an_hour(
    stripe_client: StripeClient, browser: httpx.Client, control: httpx.Client
) -> None:
    customer = customer_with_card(stripe_client, browser)
    draft = stripe_client.v1.invoices.create({"customer": customer, "auto_advance": True})
    stripe_client.v1.invoice_items.create(
        {"customer": customer, "invoice": draft.id, "amount": 900, "currency": "usd"}
    )
    control.post("clock", json={"advance": "PT59M"})
    assert stripe_client.v1.invoices.retrieve(draft.id).status == "draft"
    control.post("clock", json={"advance": "PT2M"})
    control.get("idle").raise_for_status()
    assert stripe_client.v1.invoices.retrieve(draft.id).status == "paid"


def test_invoices_are_found_by_customer_and_by_metadata(stripe_client: StripeClient) -> None:
    one, two = (stripe_client.v1.customers.create({}).id for _ in range(2))
    mine = stripe_client.v1.invoices.create({"customer": one, "metadata": {"run": "2026-11"}})
    stripe_client.v1.invoices.create({"customer": two, "metadata": {"run": "2026-10"}})
    listed = stripe_client.v1.invoices.list({"customer": one, "status": "draft"})
    assert [row.id for row in listed.data] == [mine.id]
    found = stripe_client.v1.invoices.search({"query": "metadata['run']:'2026-11'"})
    assert [row.id for row in found.data] == [mine.id]


def test_lists_are_paged_to_their_end(stripe_client: StripeClient) -> None:
    made = {stripe_client.v1.customers.create({"name": str(n)}).id for n in range(7)}
    seen = [row.id for row in stripe_client.v1.customers.list({"limit": 3}).auto_paging_iter()]
    assert (len(seen), set(seen)) == (7, made)


def test_a_void_invoice_can_never_be_paid(
    stripe_client: StripeClient, browser: httpx.Client
) -> None:
    customer = customer_with_card(stripe_client, browser)
    invoice = open_invoice(stripe_client, customer, 250)
    stripe_client.v1.invoices.void_invoice(invoice.id)
    with pytest.raises(stripe.InvalidRequestError):
        stripe_client.v1.invoices.pay(invoice.id)


def test_a_refund_never_exceeds_the_charge(
    stripe_client: StripeClient, browser: httpx.Client, control: httpx.Client
) -> None:
    session = payment_session(stripe_client, 1000)
    press(browser, session, "pay")
    intent = stripe_client.v1.checkout.sessions.retrieve(session.id).payment_intent
    assert isinstance(intent, str)
    stripe_client.v1.refunds.create({"payment_intent": intent, "amount": 400})
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        stripe_client.v1.refunds.create({"payment_intent": intent, "amount": 601})
    last = stripe_client.v1.refunds.create({"payment_intent": intent})
    assert last.amount == 600
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe_client.v1.refunds.create({"payment_intent": intent})
    assert caught.value.code == "charge_already_refunded"
    control.post(f"stripe/refunds/{last.id}/fail").raise_for_status()
    assert stripe_client.v1.refunds.retrieve(last.id).status == "failed"


def test_a_transfer_needs_a_ready_account_and_enough_balance(
    stripe_client: StripeClient, browser: httpx.Client
) -> None:
    fresh = stripe_client.v1.accounts.create({"type": "express", "country": "US"})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe_client.v1.transfers.create({"amount": 1, "currency": "usd", "destination": fresh.id})
    assert caught.value.code == "insufficient_capabilities_for_transfer"
    vendor = connected_account(stripe_client, browser)
    held = {row.currency: row.amount for row in stripe_client.v1.balance.retrieve().available}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe_client.v1.transfers.create(
            {"amount": held["usd"] + 1, "currency": "usd", "destination": vendor}
        )
    assert caught.value.code == "balance_insufficient"
    stripe_client.v1.transfers.create({"amount": 300, "currency": "usd", "destination": vendor})
    theirs = stripe_client.v1.balance.retrieve({}, {"stripe_account": vendor})
    assert [(row.currency, row.amount) for row in theirs.available] == [("usd", 300)]


def test_a_country_that_cannot_be_paid_is_refused(stripe_client: StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe_client.v1.accounts.create({"type": "express", "country": "CN"})
    assert caught.value.code == "country_unsupported"
