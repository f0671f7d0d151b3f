"""Money that comes: once, against its invoice, and what is too much kept apart."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from sqlmodel import col, select

from app.core.clock import FixedClock, wall_now
from app.core.errors import ConflictError
from app.rules.statuses import InvoiceStatus, PaymentStatus
from app.services import charges, checkouts
from app.services.context import Context
from app.services.news import NotKnownYetError
from app.services.ports import ChargeResult, EventKind, PaymentState, ProviderInvoice
from models.audit import AuditEvent
from models.payment import ChargeAttempt, Checkout, CheckoutStatus, Payment
from models.tenant import Rail
from tests.factories import make_vendor
from tests.fakes import FakeProviders
from tests.money_kit import (
    balances,
    close_books,
    fresh,
    jobs,
    mails,
    make_invoice,
    told,
    usd,
    wire,
    work,
)


@pytest.fixture(autouse=True)
async def books(ctx: Context) -> AsyncGenerator[None]:
    """After each test the books are in order, and every mail it caused can be written."""
    yield
    await close_books(ctx)


async def _paid(ctx: Context, invoice: Any, ref: str = "pay_1", **facts: Any) -> str:
    facts = {"invoice_ref": invoice.provider_ref, "payment_ref": ref, **facts}
    facts.setdefault("amount", wire(invoice.total))
    return await told(ctx, EventKind.PAYMENT_SUCCEEDED, **facts)


async def test_a_notification_settles_its_invoice(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    assert await balances(ctx, tenant) == {"receivable": "25.00", "house revenue": "-25.00"}
    assert await _paid(ctx, invoice) == "done"
    invoice = await fresh(ctx, invoice)
    assert (invoice.status, invoice.outstanding) == (InvoiceStatus.PAID, usd("0"))
    assert await balances(ctx, tenant) == {"house processor": "25.00", "house revenue": "-25.00"}
    assert len(await mails(ctx, "payment_received")) == 1
    await close_books(ctx)


async def test_the_same_notification_and_another_about_the_same_money_settle_once(
    ctx: Context,
) -> None:
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    assert await _paid(ctx, invoice, event_id="evt_1") == "done"
    assert await _paid(ctx, invoice, event_id="evt_1") == "duplicate"
    assert await _paid(ctx, invoice, event_id="evt_2") == "ignored"
    # A third event names the copy and nothing else: the provider is asked, the copy is paid already.
    assert await _paid(ctx, invoice, ref="", event_id="evt_3") == "ignored"
    assert await told(ctx, EventKind.PAYMENT_SUCCEEDED, payment_ref="pay_1") == "ignored"
    assert (await balances(ctx, tenant))["house processor"] == "25.00"
    assert len((await ctx.db.scalars(select(Payment))).all()) == 1


async def test_a_payment_the_provider_names_late_keeps_its_name(
    ctx: Context, providers: FakeProviders
) -> None:
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    assert await _paid(ctx, invoice, ref="") == "done"
    payment = (await ctx.db.scalars(select(Payment))).one()
    assert payment.provider_ref == f"copy:{invoice.provider_ref}"
    assert await _paid(ctx, invoice, ref="pay_7") == "ignored"
    assert (await fresh(ctx, payment)).provider_ref == "pay_7"


async def test_money_that_comes_twice_goes_to_the_credit_account(ctx: Context) -> None:
    """A hosted page and an automatic charge both took the money: nothing is lost or hidden."""
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    page = checkouts.new_checkout(
        ctx,
        tenant_id=tenant.id,
        provider="stripe",
        purpose=checkouts.CheckoutPurpose.INVOICE,
        amount=invoice.total,
        invoice_id=invoice.id,
    )
    page.provider_ref, page.url = "page_1", "https://pay.test/page_1"
    await ctx.db.flush()
    assert await _paid(ctx, invoice) == "done"
    second = {"checkout_ref": "page_1", "payment_ref": "pay_2", "amount": wire(invoice.total)}
    assert await told(ctx, EventKind.PAYMENT_SUCCEEDED, **second) == "done"
    assert await balances(ctx, tenant) == {
        "credit": "-25.00",
        "house processor": "50.00",
        "house revenue": "-25.00",
    }
    kinds = (await ctx.db.scalars(select(AuditEvent.kind))).all()
    assert kinds.count("payment.excess") == 1
    assert (await fresh(ctx, page)).status is CheckoutStatus.COMPLETED
    await close_books(ctx)


async def test_a_part_leaves_the_rest_open_and_too_much_becomes_credit(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    page = checkouts.new_checkout(
        ctx,
        tenant_id=tenant.id,
        provider="stripe",
        purpose=checkouts.CheckoutPurpose.INVOICE,
        amount=invoice.total,
        invoice_id=invoice.id,
    )
    page.provider_ref = "page_1"
    await ctx.db.flush()
    facts = {"checkout_ref": "page_1", "payment_ref": "pay_1", "amount": wire(usd("10"))}
    assert await told(ctx, EventKind.PAYMENT_SUCCEEDED, **facts) == "done"
    invoice = await fresh(ctx, invoice)
    assert (invoice.status, invoice.outstanding) == (InvoiceStatus.OPEN, usd("15"))
    assert await _paid(ctx, invoice, "pay_2", amount=wire(usd("40"))) == "done"
    assert (await fresh(ctx, invoice)).status is InvoiceStatus.PAID
    assert (await balances(ctx, tenant))["credit"] == "-25.00"


async def test_money_in_another_currency_is_kept_as_credit_in_it(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    await _paid(ctx, invoice, amount={"amount": "25.00", "currency": "EUR"})
    assert (await fresh(ctx, invoice)).status is InvoiceStatus.OPEN
    assert (await balances(ctx, tenant, "EUR"))["credit"] == "-25.00"


async def test_money_nobody_can_place_yet_is_tried_again(ctx: Context) -> None:
    with pytest.raises(NotKnownYetError):
        await told(ctx, EventKind.PAYMENT_SUCCEEDED, payment_ref="pay_9", amount=wire(usd("5")))


async def test_a_failure_that_arrives_after_the_success_changes_nothing(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    await _paid(ctx, invoice)
    ref = {"invoice_ref": invoice.provider_ref, "payment_ref": "pay_1"}
    assert await told(ctx, EventKind.PAYMENT_FAILED, failure="declined", **ref) == "ignored"
    pending = {**ref, "amount": wire(invoice.total)}
    await told(ctx, EventKind.PAYMENT_PENDING, **pending)
    assert (await fresh(ctx, invoice)).status is InvoiceStatus.PAID
    assert (await ctx.db.scalars(select(Payment))).one().status is PaymentStatus.SUCCEEDED


async def test_a_charge_waits_for_the_notification_and_locks_until_then(
    ctx: Context, providers: FakeProviders
) -> None:
    """The lock of a charge is not given back before the provider's event is here."""
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    attempt_id = await charges.start(ctx, invoice.id)
    assert attempt_id is not None
    assert await charges.start(ctx, invoice.id) is None
    assert await charges.collect(ctx, attempt_id) == "pending"
    assert await charges.start(ctx, invoice.id) is None
    with pytest.raises(ConflictError, match="on file"):
        await checkouts.pay_invoice(ctx, invoice.id)
    await _paid(ctx, invoice)
    attempt = await ctx.db.get_one(ChargeAttempt, attempt_id, populate_existing=True)
    assert attempt.status is PaymentStatus.SUCCEEDED
    assert len(providers.stripe.named("charge_invoice")) == 1


async def test_a_charge_repeated_after_a_crash_uses_the_same_key(
    ctx: Context, providers: FakeProviders, clock: FixedClock
) -> None:
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    attempt_id = await charges.start(ctx, invoice.id)
    assert attempt_id is not None

    async def crash(*_: object, **arguments: Any) -> ChargeResult:
        providers.stripe.calls.append(("charge_invoice", arguments))
        raise RuntimeError("killed")

    whole = providers.stripe.charge_invoice
    providers.stripe.charge_invoice = crash  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        await charges.collect(ctx, attempt_id)
    await ctx.db.rollback()
    providers.stripe.charge_invoice = whole  # type: ignore[method-assign]
    clock.advance(dt.timedelta(minutes=11))
    assert await charges.resume_due(ctx) == 1
    await work(ctx)
    keys = {call["idempotency_key"] for call in providers.stripe.named("charge_invoice")}
    assert keys == {f"charge:{attempt_id}"}


async def test_a_lost_notification_is_made_up_for_by_asking(
    ctx: Context, providers: FakeProviders, clock: FixedClock
) -> None:
    """The lock is always released, even when the provider's event never comes."""
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    attempt_id = await charges.start(ctx, invoice.id)
    assert attempt_id is not None
    await work(ctx)
    providers.stripe.invoices[invoice.provider_ref] = ProviderInvoice(
        invoice.provider_ref, "paid", invoice.total, invoice.total, payment_ref="pay_1"
    )
    clock.advance(dt.timedelta(minutes=11))
    await charges.resume_due(ctx)
    await work(ctx)
    assert (await fresh(ctx, invoice)).status is InvoiceStatus.PAID
    assert await _paid(ctx, invoice) == "ignored"
    assert (await balances(ctx, tenant))["house processor"] == "25.00"


async def test_a_charge_never_confirmed_fails_after_some_days(
    ctx: Context, providers: FakeProviders, clock: FixedClock
) -> None:
    providers.stripe.charge = ChargeResult("pending", "pay_1")
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    await charges.start(ctx, invoice.id)
    await work(ctx)
    for _ in range(30):
        clock.advance(dt.timedelta(hours=6))
        await charges.resume_due(ctx)
        await work(ctx)
    invoice = await fresh(ctx, invoice)
    assert await charges.pending(ctx, invoice.id) is None
    assert (invoice.failures, invoice.status) == (1, InvoiceStatus.OPEN)
    assert invoice.next_attempt_at is not None
    assert len(providers.stripe.named("charge_invoice")) == 1


async def test_a_refused_charge_is_planned_again_by_the_rule(
    ctx: Context, providers: FakeProviders
) -> None:
    providers.stripe.charge = ChargeResult("failed", "pay_1", failure="Your card was declined")
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    for failures, days in enumerate((1, 3, 5, 7, None), start=1):
        await charges.start(ctx, invoice.id)
        await work(ctx)
        invoice = await fresh(ctx, invoice)
        assert invoice.failures == failures
        planned = invoice.next_attempt_at
        assert planned == (ctx.now() + dt.timedelta(days=days) if days else None)
    assert len(await mails(ctx, "payment_failed")) == 4
    assert len(await mails(ctx, "payment_failed_final")) == 1
    # A new attempt may still succeed: the payment's one row follows.
    await _paid(ctx, invoice)
    assert (await ctx.db.scalars(select(Payment))).one().status is PaymentStatus.SUCCEEDED


async def test_an_old_failure_does_not_release_a_later_charge(
    ctx: Context, providers: FakeProviders
) -> None:
    providers.stripe.charge = ChargeResult("pending", "pay_1")
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    await charges.start(ctx, invoice.id)
    failed = {"invoice_ref": invoice.provider_ref, "payment_ref": "pay_1", "failure": "declined"}
    # Before the provider answered, its notification says nothing about this charge.
    assert await told(ctx, EventKind.PAYMENT_FAILED, **failed) == "ignored"
    await work(ctx)
    yesterday = wall_now() - dt.timedelta(days=1)
    assert await told(ctx, EventKind.PAYMENT_FAILED, at=yesterday, **failed) == "ignored"
    assert await charges.pending(ctx, invoice.id) is not None
    assert await told(ctx, EventKind.PAYMENT_FAILED, **failed) == "done"
    assert await charges.pending(ctx, invoice.id) is None
    assert (await fresh(ctx, invoice)).failures == 1


async def test_an_open_page_is_closed_before_a_charge(
    ctx: Context, providers: FakeProviders
) -> None:
    """Two live payment paths never both take the money of one invoice."""
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    url = await checkouts.pay_invoice(ctx, invoice.id)
    assert await checkouts.pay_invoice(ctx, invoice.id) == url
    attempt_id = await charges.start(ctx, invoice.id)
    assert attempt_id is not None
    await charges.collect(ctx, attempt_id)
    order = [
        name for name, _ in providers.stripe.calls if name in ("expire_page", "charge_invoice")
    ]
    assert order == ["expire_page", "charge_invoice"]
    page = (await ctx.db.scalars(select(Checkout))).one()
    assert (await fresh(ctx, page)).status is CheckoutStatus.EXPIRED


@pytest.mark.parametrize("status", ["pending", "succeeded"])
async def test_a_page_that_took_money_keeps_the_charge_away(
    ctx: Context, providers: FakeProviders, status: str
) -> None:
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    await checkouts.pay_invoice(ctx, invoice.id)
    page = (await ctx.db.scalars(select(Checkout))).one()
    amount = invoice.total if status == "succeeded" else None
    providers.stripe.pages[page.provider_ref] = PaymentState(status, "pay_1", amount)
    attempt_id = await charges.start(ctx, invoice.id)
    assert attempt_id is not None
    assert await charges.collect(ctx, attempt_id) == "cancelled"
    assert providers.stripe.named("charge_invoice") == []
    invoice = await fresh(ctx, invoice)
    paid = status == "succeeded"
    assert (invoice.status is InvoiceStatus.PAID) is paid
    assert (invoice.next_attempt_at is None) is paid


async def test_a_page_whose_answer_got_lost_is_asked_for_again_under_its_key(
    ctx: Context, providers: FakeProviders
) -> None:
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    providers.stripe.down = 1
    with pytest.raises(Exception, match="did not answer"):
        await checkouts.pay_invoice(ctx, invoice.id)
    await ctx.db.rollback()
    url = await checkouts.pay_invoice(ctx, invoice.id)
    calls = providers.stripe.named("start_payment")
    assert url
    assert len(calls) == 2
    assert calls[0] == calls[1]
    assert len((await ctx.db.scalars(select(Checkout))).all()) == 1


async def test_a_page_over_another_amount_is_replaced(
    ctx: Context, providers: FakeProviders
) -> None:
    tenant = await make_vendor(ctx, rail=Rail.INVOICE, currency="CNY", price_micros=17_500_000)
    invoice = await make_invoice(ctx, tenant, price="17.50")
    first = await checkouts.pay_invoice(ctx, invoice.id)
    invoice = await fresh(ctx, invoice)
    invoice.credited_micros = 5_000_000
    await ctx.db.flush()
    second = await checkouts.pay_invoice(ctx, invoice.id)
    assert second != first
    assert providers.alipay.named("expire_page") == [{"provider_ref": "page_1"}]
    states = (await ctx.db.scalars(select(Checkout.status))).all()
    assert sorted(states) == [CheckoutStatus.EXPIRED, CheckoutStatus.OPEN]


async def test_a_copy_that_claims_another_amount_is_never_charged(
    ctx: Context, providers: FakeProviders
) -> None:
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    ref = invoice.provider_ref
    providers.stripe.invoices[ref] = ProviderInvoice(ref, "open", usd("26"), usd("0"))
    attempt_id = await charges.start(ctx, invoice.id)
    assert attempt_id is not None
    assert await charges.collect(ctx, attempt_id) == "cancelled"
    assert providers.stripe.named("charge_invoice") == []
    assert [job.name for job in await jobs(ctx, "withdraw_invoice")] == ["withdraw_invoice"]
    await work(ctx)
    invoice = await fresh(ctx, invoice)
    assert invoice.copies == 1
    assert invoice.provider_ref != ref
    assert providers.stripe.named("void_invoice") == [{"provider_ref": ref}]


async def test_a_page_that_settles_withdraws_the_providers_copy(
    ctx: Context, providers: FakeProviders
) -> None:
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    await checkouts.pay_invoice(ctx, invoice.id)
    page = (await ctx.db.scalars(select(Checkout))).one()
    facts = {
        "checkout_ref": page.provider_ref,
        "payment_ref": "pay_1",
        "amount": wire(invoice.total),
    }
    await told(ctx, EventKind.PAYMENT_SUCCEEDED, **facts)
    await work(ctx)
    assert providers.stripe.named("void_invoice") == [{"provider_ref": invoice.provider_ref}]
    facts = {"invoice_ref": invoice.provider_ref}
    assert await told(ctx, EventKind.INVOICE_VOIDED, **facts) == "ignored"
    assert (await fresh(ctx, invoice)).status is InvoiceStatus.PAID


async def test_pages_end_once(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    await checkouts.pay_invoice(ctx, invoice.id)
    page = (await ctx.db.scalars(select(Checkout))).one()
    ref = {"checkout_ref": page.provider_ref}
    assert await told(ctx, EventKind.CHECKOUT_EXPIRED, **ref) == "done"
    assert await told(ctx, EventKind.CHECKOUT_EXPIRED, **ref) == "ignored"
    assert await told(ctx, EventKind.CHECKOUT_FAILED, **ref) == "ignored"
    assert await told(ctx, EventKind.CHECKOUT_FAILED, checkout_ref="nobody's") == "ignored"
    # Money that comes by a page already ended is recorded all the same.
    paid = {**ref, "payment_ref": "pay_1", "amount": wire(invoice.total)}
    assert await told(ctx, EventKind.PAYMENT_SUCCEEDED, **paid) == "done"
    assert (await fresh(ctx, invoice)).status is InvoiceStatus.PAID


async def test_a_page_that_fails_late_lets_the_customer_try_again(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    first = await checkouts.pay_invoice(ctx, invoice.id)
    page = (await ctx.db.scalars(select(Checkout))).one()
    ref = {"checkout_ref": page.provider_ref, "payment_ref": "pay_1"}
    await told(ctx, EventKind.PAYMENT_PENDING, amount=wire(invoice.total), **ref)
    assert (await ctx.db.scalars(select(Payment))).one().status is PaymentStatus.PENDING
    assert await told(ctx, EventKind.PAYMENT_FAILED, failure="insufficient", **ref) == "done"
    payment = (await ctx.db.scalars(select(Payment).where(col(Payment.id).is_not(None)))).one()
    assert (await fresh(ctx, payment)).failure == "insufficient"
    assert await checkouts.pay_invoice(ctx, invoice.id) != first
