"""Stripe's adapter over real sockets: what the contract suite cannot say for every provider."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from stripe import StripeClient

from app.core.errors import ProviderDownError, ProviderRefusedError
from app.core.money import Money
from app.providers.stripe import StripeProvider, StripeSettings, from_minor, to_minor
from app.services.ports import BillLine
from tests.providers.outside import Outside
from tests.providers.samples.stripe import (
    DUE,
    TEN,
    TWO,
    StripeSample,
    bound_customer,
    client,
    open_invoice,
    start_payment,
    start_setup,
)

pytestmark = pytest.mark.xdist_group("providers")


@pytest.fixture(scope="module")
async def provider(outside: Outside) -> AsyncGenerator[Any]:
    adapter = StripeSample().provider(outside)
    yield adapter
    await adapter.close()
    outside.forget_faults()


@pytest.fixture
def dashboard(outside: Outside) -> StripeClient:
    return client(outside)


def fresh() -> str:
    return uuid.uuid4().hex


async def test_an_invoice_is_charged_once_however_often_that_is_tried(
    provider: Any, outside: Outside
) -> None:
    customer = await bound_customer(provider, outside)
    invoice = await open_invoice(provider, customer, fresh(), fresh())
    assert (invoice.status, invoice.total) == ("open", TEN)
    assert invoice.hosted_url
    tries = [
        await provider.charge_invoice(invoice.provider_ref, idempotency_key=fresh())
        for _ in range(2)
    ]
    assert [one.outcome for one in tries] == ["paid", "paid"]
    assert tries[0].payment_ref == tries[1].payment_ref != ""
    after = await provider.fetch_invoice(invoice.provider_ref)
    assert (after.status, after.amount_paid) == ("paid", TEN)
    assert after.payment_ref == tries[0].payment_ref


async def test_a_card_that_says_no_is_a_failed_charge(provider: Any, outside: Outside) -> None:
    customer = await bound_customer(provider, outside, "insufficient_funds")
    invoice = await open_invoice(provider, customer, fresh(), fresh())
    result = await provider.charge_invoice(invoice.provider_ref, idempotency_key=fresh())
    assert result.outcome == "failed"
    assert "insufficient funds" in result.failure
    assert result.payment_ref
    assert result.needs_action_url == ""


async def test_a_bank_that_wants_to_see_its_customer_is_answered_with_a_link(
    provider: Any, outside: Outside
) -> None:
    customer = await bound_customer(provider, outside, "authentication")
    invoice = await open_invoice(provider, customer, fresh(), fresh())
    result = await provider.charge_invoice(invoice.provider_ref, idempotency_key=fresh())
    assert (result.outcome, result.needs_action_url) == ("failed", invoice.hosted_url)


async def test_without_a_card_a_charge_fails(provider: Any) -> None:
    name = fresh()
    customer = await provider.create_customer(
        tenant_id=name, name="Acme Toys", email="a@example.com", idempotency_key=name
    )
    invoice = await open_invoice(provider, customer, name, fresh())
    result = await provider.charge_invoice(invoice.provider_ref, idempotency_key=fresh())
    assert (result.outcome, result.failure) == ("failed", "There is no card on file.")


async def test_a_charge_repeated_after_the_card_changed_tells_how_the_first_ended(
    provider: Any, outside: Outside
) -> None:
    customer = await bound_customer(provider, outside, "insufficient_funds")
    invoice = await open_invoice(provider, customer, fresh(), fresh())
    key = fresh()
    first = await provider.charge_invoice(invoice.provider_ref, idempotency_key=key)
    page = await start_setup(provider, customer, fresh())
    outside.press(page.url, "pay", card="visa")
    again = await provider.charge_invoice(invoice.provider_ref, idempotency_key=key)
    assert again == first
    newest = await provider.charge_invoice(invoice.provider_ref, idempotency_key=fresh())
    assert newest.outcome == "paid"


async def test_a_charge_whose_answer_was_lost_is_found_paid(
    provider: Any, outside: Outside
) -> None:
    customer = await bound_customer(provider, outside)
    invoice = await open_invoice(provider, customer, fresh(), fresh())
    outside.fail("POST /stripe/v1/invoices/*/pay", "reset", when="after")
    result = await provider.charge_invoice(invoice.provider_ref, idempotency_key=fresh())
    assert result.outcome == "paid"


async def test_a_draft_left_half_done_is_finished_without_doubling_its_lines(
    provider: Any, outside: Outside, dashboard: StripeClient
) -> None:
    customer, name = await bound_customer(provider, outside), fresh()
    outside.fail("POST /stripe/v1/invoices/*/finalize", "500")
    with pytest.raises(ProviderDownError):
        await open_invoice(provider, customer, name, name)
    outside.forget_keys()
    invoice = await open_invoice(provider, customer, name, name)
    assert (invoice.status, invoice.total) == ("open", TEN)
    lines = dashboard.v1.invoices.line_items.list(invoice.provider_ref)
    assert [line.amount for line in lines.data] == [1200, -200]


async def test_an_invoice_that_adds_up_otherwise_is_never_opened(
    provider: Any, outside: Outside, dashboard: StripeClient
) -> None:
    customer, name = await bound_customer(provider, outside), fresh()
    with pytest.raises(ProviderRefusedError) as refusal:
        await provider.open_invoice(
            customer_ref=customer,
            invoice_id=name,
            number="TP-2026-00042",
            lines=[BillLine("Active devices: 4", TEN, "line1")],
            total=TEN + TWO,
            due_at=DUE,
            idempotency_key=name,
        )
    assert refusal.value.reason == "total_mismatch"
    assert [one.status for one in dashboard.v1.invoices.list({"customer": customer})] == ["draft"]


async def test_an_open_invoice_is_never_charged_by_itself(
    provider: Any, outside: Outside, dashboard: StripeClient
) -> None:
    customer = await bound_customer(provider, outside)
    methods = dashboard.v1.payment_methods.list({"customer": customer})
    default = {"invoice_settings": {"default_payment_method": methods.data[0].id}}
    dashboard.v1.customers.update(customer, default)  # type: ignore[arg-type]
    invoice = await open_invoice(provider, customer, fresh(), fresh())
    outside.control("clock", advance="P3D")
    outside.notes("")
    assert (await provider.fetch_invoice(invoice.provider_ref)).status == "open"


async def test_withdrawing_holds_in_every_state_but_paid(
    provider: Any, outside: Outside, dashboard: StripeClient
) -> None:
    customer = await bound_customer(provider, outside)
    draft = dashboard.v1.invoices.create({"customer": customer, "currency": "usd"})
    await provider.void_invoice(draft.id)
    await provider.void_invoice(draft.id)
    opened = await open_invoice(provider, customer, fresh(), fresh())
    await provider.void_invoice(opened.provider_ref)
    await provider.void_invoice(opened.provider_ref)
    assert (await provider.fetch_invoice(opened.provider_ref)).status == "void"
    with pytest.raises(ProviderRefusedError):
        await provider.charge_invoice(opened.provider_ref, idempotency_key=fresh())
    paid = await open_invoice(provider, customer, fresh(), fresh())
    await provider.charge_invoice(paid.provider_ref, idempotency_key=fresh())
    with pytest.raises(ProviderRefusedError):
        await provider.void_invoice(paid.provider_ref)


async def test_a_page_whose_money_is_on_its_way_is_pending_until_it_ends(
    provider: Any, outside: Outside
) -> None:
    for button, end in (("succeed", "succeeded"), ("fail", "failed")):
        page = await start_payment(provider, outside, "")
        outside.press(page.url, "pending")
        assert (await provider.fetch_page(page.provider_ref)).status == "pending"
        assert not await provider.expire_page(page.provider_ref)
        outside.press(page.url, button)
        assert (await provider.fetch_page(page.provider_ref)).status == end


async def test_a_setup_page_tells_whether_a_card_was_bound(provider: Any, outside: Outside) -> None:
    name = fresh()
    customer = await provider.create_customer(
        tenant_id=name, name="Acme Toys", email="a@example.com", idempotency_key=name
    )
    page = await start_setup(provider, customer, fresh())
    assert (await provider.fetch_page(page.provider_ref)).status == "pending"
    outside.press(page.url, "pending")
    assert (await provider.fetch_page(page.provider_ref)).status == "pending"
    outside.press(page.url, "succeed")
    assert (await provider.fetch_page(page.provider_ref)).status == "succeeded"


async def test_a_page_that_would_not_close_is_not_taken_for_closed(
    provider: Any, outside: Outside
) -> None:
    page = await start_payment(provider, outside, "")
    fault = {"route": "POST /stripe/v1/checkout/sessions/*/expire", "kind": "status"}
    outside.control("faults", **fault, status=400)
    with pytest.raises(ProviderRefusedError):
        await provider.expire_page(page.provider_ref)
    assert await provider.expire_page(page.provider_ref)


async def test_a_partial_payment_back_shows_on_the_page(provider: Any, outside: Outside) -> None:
    page = await start_payment(provider, outside, "")
    outside.press(page.url, "pay", card="mastercard")
    state = await provider.fetch_page(page.provider_ref)
    assert (state.refunded, state.label) == (Money.zero("USD"), "Mastercard ending 4444")
    key = fresh()
    await provider.refund(
        payment_ref=state.payment_ref, amount=TWO, reference=key, idempotency_key=key
    )
    state = await provider.fetch_page(page.provider_ref)
    assert (state.status, state.refunded) == ("succeeded", TWO)


async def test_a_refund_that_came_back_is_not_taken_for_a_good_one(
    provider: Any, outside: Outside
) -> None:
    page = await start_payment(provider, outside, "")
    outside.press(page.url, "pay", card="visa")
    payment, key = (await provider.fetch_page(page.provider_ref)).payment_ref, fresh()
    made = await provider.refund(
        payment_ref=payment, amount=TWO, reference=key, idempotency_key=key
    )
    assert made.outcome == "succeeded"
    assert await provider.fetch_refunded(payment) == TWO
    outside.control(f"stripe/refunds/{made.provider_ref}/fail")
    assert await provider.fetch_refunded(payment) == Money.zero("USD")
    with pytest.raises(ProviderRefusedError):
        await provider.refund(payment_ref=payment, amount=TWO, reference=key, idempotency_key=key)


async def test_a_payout_of_another_amount_under_the_same_reference_is_refused(
    provider: Any, outside: Outside
) -> None:
    things = await StripeSample().prepare(provider, outside)
    reference = fresh()
    wanted = {"account_ref": things.account, "reference": reference, "description": "Share"}
    await provider.pay_out(**wanted, amount=TWO, idempotency_key=fresh())
    with pytest.raises(ProviderRefusedError):
        await provider.pay_out(**wanted, amount=TEN, idempotency_key=fresh())


async def test_forgetting_a_card_that_is_gone_or_never_was_is_success(
    provider: Any, outside: Outside
) -> None:
    things = await StripeSample().prepare(provider, outside)
    await provider.detach_method(things.method)
    await provider.detach_method(things.method)
    await provider.detach_method("pm_never_was")


async def test_a_key_that_is_not_accepted_refuses_nobody_s_payment(outside: Outside) -> None:
    keys = {"STRIPE_SECRET_KEY": "sk_test_other", "STRIPE_API_URL": outside.sandbox.stripe_api_base}
    stranger = StripeProvider(StripeSettings.model_validate(keys), retries=0)
    with pytest.raises(ProviderDownError):
        await stranger.fetch_invoice("in_1")
    await stranger.close()


async def test_too_many_calls_and_calls_at_once_are_no_refusals(
    provider: Any, outside: Outside
) -> None:
    for status in (409, 429, 503):
        fault = {"route": "GET /stripe/v1/invoices/*", "kind": "status", "status": status}
        outside.control("faults", **fault)
        with pytest.raises(ProviderDownError):
            await provider.fetch_invoice("in_1")


def test_one_adapter_serves_several_event_loops(outside: Outside) -> None:
    adapter: Any = StripeSample().provider(outside)

    async def use() -> str:
        name = fresh()
        customer = await adapter.create_customer(
            tenant_id=name, name="Acme Toys", email="a@example.com", idempotency_key=name
        )
        await adapter.close()
        return customer

    assert asyncio.run(use()) != asyncio.run(use())


def test_amounts_are_exact_and_unknown_currencies_raise() -> None:
    assert to_minor(Money.of("12.34", "USD")) == 1234
    assert to_minor(Money.of("-12.34", "USD")) == -1234
    assert to_minor(Money.of("500", "JPY")) == 500
    assert from_minor(1234, "usd") == Money.of("12.34", "USD")
    assert from_minor(500, "jpy") == Money.of("500", "JPY")
    for finer in (Money(1, "USD"), Money.of("0.5", "JPY")):
        with pytest.raises(ProviderRefusedError):
            to_minor(finer)
    with pytest.raises(ProviderRefusedError):
        from_minor(1, "xxx")


def test_a_live_key_never_talks_to_a_stand_in() -> None:
    with pytest.raises(ValueError, match="STRIPE_API_URL"):
        StripeSettings.model_validate(
            {"STRIPE_SECRET_KEY": "sk_live_x", "STRIPE_API_URL": "http://localhost:4010"}
        )
