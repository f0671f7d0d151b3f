"""Binding a payment instrument: only the provider's word connects it, and old news undo nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator

import pytest
from sqlmodel import select

from app.core.errors import ConflictError, InvalidInputError, NotSignedInError
from app.core.money import Money
from app.rules.statuses import PaymentMethodStatus, PaymentStatus, TenantStatus
from app.services import payments, payout_accounts
from app.services.context import Context
from app.services.news import NotKnownYetError
from app.services.ports import EventKind
from models.audit import AuditEvent
from models.payment import (
    Checkout,
    CheckoutStatus,
    Payment,
    PaymentMethod,
    PayoutAccount,
    Refund,
)
from models.tenant import Rail, Tenant
from tests.factories import as_nobody, as_vendor, make_person, make_vendor
from tests.fakes import FakeProviders
from tests.money_kit import (
    again,
    balances,
    close_books,
    fresh,
    mails,
    make_invoice,
    told,
    usd,
    wire,
    work,
)

CENT = Money.of("0.01", "CNY")


@pytest.fixture(autouse=True)
async def books(ctx: Context) -> AsyncGenerator[None]:
    """After each test the books are in order, and every mail it caused can be written."""
    yield
    await close_books(ctx)


async def _newcomer(ctx: Context, *, confirmed: bool = True) -> Tenant:
    tenant = await make_vendor(ctx, status=TenantStatus.PENDING, connected=False)
    tenant.rail = None
    await make_person(ctx, tenant, confirmed=confirmed)
    return tenant


async def _method(ctx: Context) -> PaymentMethod:
    found = await ctx.db.scalars(select(PaymentMethod).execution_options(populate_existing=True))
    return found.one()


async def _connected(ctx: Context, tenant: Tenant, method_ref: str = "pm_1", **facts: str) -> str:
    return await told(
        ctx,
        EventKind.METHOD_CONNECTED,
        **{
            "customer_ref": f"cus_{tenant.id}",
            "method_ref": method_ref,
            "label": "Visa ending 4242",
            **facts,
        },
    )


async def test_a_card_is_connected_by_the_providers_word_alone(
    ctx: Context, providers: FakeProviders
) -> None:
    tenant = await _newcomer(ctx)
    me = as_vendor(ctx, tenant)
    url = await payments.start_binding(me, Rail.CARD)
    assert url == "https://pay.test/setup_1"
    assert await payments.start_binding(me, Rail.CARD) == url
    state = await payments.binding_state(me)
    assert (state.status, state.is_page_open) == (PaymentMethodStatus.PENDING, True)
    assert len(providers.stripe.named("create_customer")) == 1
    setup = providers.stripe.named("start_setup")[0]
    assert setup["return_url"] == "http://portal.test/vendor/onboarding"
    assert setup["currency"] == "USD"
    assert await _connected(ctx, tenant) == "done"
    state = await payments.binding_state(me)
    assert (state.status, state.label) == (PaymentMethodStatus.CONNECTED, "Visa ending 4242")
    assert (state.rail, state.currency, state.is_page_open) == (Rail.CARD, "USD", False)
    assert len(await mails(ctx, "payment_connected")) == 1


async def test_two_events_about_one_card_connect_once_and_the_better_name_wins(
    ctx: Context,
) -> None:
    tenant = await _newcomer(ctx)
    await payments.start_binding(as_vendor(ctx, tenant), Rail.CARD)
    assert await _connected(ctx, tenant, label="Card") == "done"
    assert await _connected(ctx, tenant) == "done"
    assert await _connected(ctx, tenant, label="Card") == "ignored"
    assert await _connected(ctx, tenant) == "ignored"
    assert (await _method(ctx)).label == "Visa ending 4242"
    kinds = (await ctx.db.scalars(select(AuditEvent.kind))).all()
    assert kinds.count("vendor.payment_connected") == 1
    assert len(await mails(ctx, "payment_connected")) == 1
    assert set(await again(ctx)) == {"ignored"}


async def test_nothing_is_provisioned_before_the_address_is_confirmed(
    ctx: Context, providers: FakeProviders
) -> None:
    tenant = await _newcomer(ctx, confirmed=False)
    with pytest.raises(ConflictError, match="confirm"):
        await payments.start_binding(as_vendor(ctx, tenant), Rail.CARD)
    assert providers.stripe.calls == []


async def test_strangers_and_foreign_return_addresses_are_refused(ctx: Context) -> None:
    tenant = await _newcomer(ctx)
    with pytest.raises(NotSignedInError):
        await payments.start_binding(as_nobody(ctx), Rail.CARD)
    with pytest.raises(NotSignedInError):
        await payments.binding_state(as_nobody(ctx))
    with pytest.raises(InvalidInputError):
        await payments.start_binding(
            as_vendor(ctx, tenant), Rail.CARD, return_path="//elsewhere.example.com"
        )


async def test_a_page_whose_answer_got_lost_is_the_same_page(
    ctx: Context, providers: FakeProviders
) -> None:
    tenant = await _newcomer(ctx)
    me = as_vendor(ctx, tenant)
    await payments.start_binding(me, Rail.CARD)
    page = (await ctx.db.scalars(select(Checkout))).one()
    page.url = ""
    await payments.start_binding(me, Rail.CARD)
    calls = providers.stripe.named("start_setup")
    assert calls[0] == calls[1]
    assert len((await ctx.db.scalars(select(Checkout))).all()) == 1


async def test_a_detached_card_is_not_brought_back_by_an_old_notice(ctx: Context) -> None:
    tenant = await _newcomer(ctx)
    me = as_vendor(ctx, tenant)
    await payments.start_binding(me, Rail.CARD)
    await _connected(ctx, tenant)
    facts = {"customer_ref": f"cus_{tenant.id}", "method_ref": "pm_1"}
    assert await told(ctx, EventKind.METHOD_DETACHED, **facts) == "done"
    assert await told(ctx, EventKind.METHOD_DETACHED, **facts) == "ignored"
    assert await _connected(ctx, tenant) == "ignored"
    await payments.start_binding(me, Rail.CARD)
    assert await _connected(ctx, tenant) == "ignored"
    assert (await _method(ctx)).status is PaymentMethodStatus.PENDING
    assert await _connected(ctx, tenant, "pm_2") == "done"
    assert await told(ctx, EventKind.METHOD_DETACHED, **facts) == "ignored"
    assert (await _method(ctx)).status is PaymentMethodStatus.CONNECTED


async def test_an_unknown_customer_is_no_news(ctx: Context) -> None:
    facts = {"customer_ref": "cus_nobody", "method_ref": "pm_1"}
    assert await told(ctx, EventKind.METHOD_CONNECTED, **facts) == "ignored"
    assert await told(ctx, EventKind.METHOD_CONNECTED, method_ref="pm_1") == "ignored"


async def test_a_binding_that_fails_can_be_tried_again(ctx: Context) -> None:
    tenant = await _newcomer(ctx)
    me = as_vendor(ctx, tenant)
    await payments.start_binding(me, Rail.CARD)
    assert await told(ctx, EventKind.CHECKOUT_FAILED, checkout_ref="setup_1") == "done"
    assert (await _method(ctx)).status is PaymentMethodStatus.FAILED
    await payments.start_binding(me, Rail.CARD)
    assert await _connected(ctx, tenant) == "done"


async def test_a_new_card_is_tried_at_once_for_what_the_old_one_did_not_pay(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    invoice.failures = 2
    invoice.next_attempt_at = ctx.now() + dt.timedelta(days=3)
    await _connected(ctx, tenant, "pm_new")
    assert (await fresh(ctx, invoice)).next_attempt_at == ctx.now()


async def test_an_active_vendor_keeps_to_a_rail_that_takes_its_currency(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    await make_person(ctx, tenant)
    with pytest.raises(ConflictError, match="USD"):
        await payments.start_binding(as_vendor(ctx, tenant), Rail.INVOICE)
    assert await payments.start_binding(as_vendor(ctx, tenant), Rail.CARD)


async def test_letting_go_needs_settled_invoices(ctx: Context, providers: FakeProviders) -> None:
    tenant = await make_vendor(ctx)
    me = as_vendor(ctx, tenant)
    invoice = await make_invoice(ctx, tenant)
    with pytest.raises(ConflictError, match="open invoice"):
        await payments.detach(me)
    facts = {"invoice_ref": invoice.provider_ref, "payment_ref": "pay_1"}
    await told(ctx, EventKind.PAYMENT_SUCCEEDED, amount=wire(usd("25")), **facts)
    await payments.detach(me)
    assert providers.stripe.named("detach_method") == [{"method_ref": f"pm_{tenant.id}"}]
    assert (await _method(ctx)).status is PaymentMethodStatus.DETACHED
    with pytest.raises(ConflictError):
        await payments.detach(me)


async def _pays_the_cent(ctx: Context, **facts: object) -> str:
    return await told(
        ctx,
        EventKind.PAYMENT_SUCCEEDED,
        provider="alipay",
        **{
            "checkout_ref": "page_1",
            "payment_ref": "trade_1",
            "customer_ref": "2088000000001234",
            "amount": wire(CENT),
            **facts,
        },
    )


async def test_an_alipay_account_is_proved_by_a_cent_that_is_given_back(
    ctx: Context, providers: FakeProviders
) -> None:
    tenant = await _newcomer(ctx)
    me = as_vendor(ctx, tenant)
    url = await payments.start_binding(me, Rail.INVOICE)
    assert await payments.start_binding(me, Rail.INVOICE) == url
    assert providers.alipay.named("start_payment")[0]["amount"] == CENT
    assert (await _method(ctx)).status is PaymentMethodStatus.PENDING
    assert await _pays_the_cent(ctx) == "done"
    assert await _pays_the_cent(ctx) == "ignored"
    state = await payments.binding_state(me)
    assert (state.status, state.label) == (PaymentMethodStatus.CONNECTED, "Alipay 2088…1234")
    assert (state.rail, state.currency) == (Rail.INVOICE, "CNY")
    assert await balances(ctx, tenant, "CNY") == {
        "verification": "-0.01",
        "house processor": "0.01",
    }
    account = (await ctx.db.scalars(select(PayoutAccount))).one()
    assert (account.account_ref, account.is_ready) == ("2088000000001234", True)
    await work(ctx)
    assert providers.alipay.named("refund")[0]["amount"] == CENT
    facts = {"payment_ref": "trade_1", "refunded_total": wire(CENT)}
    assert await told(ctx, EventKind.PAYMENT_REFUNDED, provider="alipay", **facts) == "done"
    assert await balances(ctx, tenant, "CNY") == {}
    assert (await ctx.db.scalars(select(Refund))).one().status is PaymentStatus.SUCCEEDED
    assert (await ctx.db.scalars(select(Checkout))).one().status is CheckoutStatus.COMPLETED
    await close_books(ctx)


async def test_a_cent_from_nobody_in_particular_proves_nothing(ctx: Context) -> None:
    await payments.start_binding(as_vendor(ctx, await _newcomer(ctx)), Rail.INVOICE)
    with pytest.raises(NotKnownYetError):
        await _pays_the_cent(ctx, customer_ref="")


async def test_another_amount_is_given_back_and_proves_nothing(ctx: Context) -> None:
    tenant = await _newcomer(ctx)
    await payments.start_binding(as_vendor(ctx, tenant), Rail.INVOICE)
    assert await _pays_the_cent(ctx, amount={"amount": "1.00", "currency": "CNY"}) == "done"
    assert (await _method(ctx)).status is PaymentMethodStatus.PENDING
    refund = (await ctx.db.scalars(select(Refund))).one()
    assert refund.amount_micros == Money.of(1, "CNY").micros
    assert (await ctx.db.scalars(select(Payment))).one().invoice_id is None


async def test_a_payout_account_is_ready_when_its_provider_says_so(
    ctx: Context, providers: FakeProviders
) -> None:
    tenant = await make_vendor(ctx)
    me = as_vendor(ctx, tenant)
    assert not (await payout_accounts.state(me)).is_started
    assert await payout_accounts.start_onboarding(me) == "https://pay.test/onboarding"
    state = await payout_accounts.state(me)
    assert (state.is_started, state.is_ready) == (True, False)
    now = dt.datetime(2026, 11, 20, 10, tzinfo=dt.UTC)
    ref = {"provider": "stripe-connect", "account_ref": f"acct_{tenant.id}"}
    assert await told(ctx, EventKind.PAYOUT_ACCOUNT_CHANGED, at=now, is_ready=True, **ref) == "done"
    assert (await payout_accounts.state(me)).is_ready
    # Older news arrives late.
    before = now - dt.timedelta(hours=1)
    late = await told(ctx, EventKind.PAYOUT_ACCOUNT_CHANGED, at=before, is_ready=False, **ref)
    assert late == "ignored"
    assert (await payout_accounts.state(me)).is_ready
    blocked = {"is_ready": False, "blocked_reason": "documents missing"}
    after = now + dt.timedelta(hours=1)
    await told(ctx, EventKind.PAYOUT_ACCOUNT_CHANGED, at=after, **blocked, **ref)
    assert (await payout_accounts.state(me)).blocked_reason == "documents missing"


async def test_who_pays_by_invoice_has_its_payout_account_already(ctx: Context) -> None:
    tenant = await make_vendor(ctx, rail=Rail.INVOICE, currency="CNY")
    with pytest.raises(ConflictError, match="connected to pay"):
        await payout_accounts.start_onboarding(as_vendor(ctx, tenant))
