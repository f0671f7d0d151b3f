"""Dunning: charged and reminded by the rule, each once, and nobody is blocked too early."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator

import pytest

from app.core.clock import FixedClock
from app.core.errors import ForbiddenError
from app.rules.statuses import InvoiceStatus
from app.services import dunning, invoices
from app.services.context import Context
from app.services.ports import ChargeResult, EventKind
from models.invoice import Invoice
from models.tenant import Rail, Tenant
from tests.factories import as_ops, as_vendor, make_agent, make_vendor
from tests.fakes import FakeProviders
from tests.money_kit import close_books, fresh, mails, make_invoice, told, usd, wire, work

DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
async def books(ctx: Context) -> AsyncGenerator[None]:
    """After each test the books are in order, and every mail it caused can be written."""
    yield
    await close_books(ctx)


async def _sent(ctx: Context) -> list[str]:
    kinds = ("payment_due_soon", "payment_overdue", "registration_blocked")
    return [mail.name for mail in await mails(ctx) if mail.name in kinds]


async def _tick(ctx: Context) -> None:
    for _ in range(10):
        if not await dunning.run_due(ctx):
            return
    raise AssertionError("the tick never ends")


async def test_reminders_come_by_the_rule_each_once(ctx: Context, clock: FixedClock) -> None:
    tenant = await make_vendor(ctx, rail=Rail.INVOICE, currency="CNY")
    invoice = await make_invoice(ctx, tenant, price="17.50")
    seen: list[tuple[int, str]] = []
    for day in range(25):
        await _tick(ctx)
        await _tick(ctx)
        seen += [(day, name) for name in (await _sent(ctx))[len(seen) :]]
        clock.advance(DAY)
    # Opened on the 20th at nine, due with the end of 14 days later; the grace ends with it.
    assert seen == [(12, "payment_due_soon"), (15, "registration_blocked")]
    invoice = await fresh(ctx, invoice)
    assert (invoice.remind_at, invoice.reminded) == (None, 3)


async def test_a_later_block_follows_the_overdue_reminder(ctx: Context, clock: FixedClock) -> None:
    ctx.settings.invoice_due_days = 5
    tenant = await make_vendor(ctx, rail=Rail.INVOICE, currency="CNY")
    await make_invoice(ctx, tenant, price="17.50")
    for _ in range(20):
        await _tick(ctx)
        clock.advance(DAY)
    assert await _sent(ctx) == ["payment_due_soon", "payment_overdue", "registration_blocked"]


async def test_after_an_outage_only_the_latest_reminder_is_sent(
    ctx: Context, clock: FixedClock
) -> None:
    tenant = await make_vendor(ctx, rail=Rail.INVOICE, currency="CNY")
    await make_invoice(ctx, tenant, price="17.50")
    clock.advance(40 * DAY)
    await _tick(ctx)
    assert await _sent(ctx) == ["registration_blocked"]


async def test_a_vendor_is_blocked_after_the_grace_and_free_once_it_has_paid(
    ctx: Context, clock: FixedClock
) -> None:
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    me = as_vendor(ctx, tenant)
    assert not await dunning.is_blocked(me, tenant.id)
    assert invoice.due_at is not None
    clock.advance(invoice.due_at - clock.now() - dt.timedelta(seconds=1))
    assert not await dunning.is_blocked(me, tenant.id)
    clock.advance(dt.timedelta(seconds=1))
    assert await dunning.is_blocked(me, tenant.id)
    rows = (await invoices.list_page(me, status=InvoiceStatus.OVERDUE)).rows
    assert [row.id for row in rows] == [invoice.id]
    assert (await invoices.list_page(me, status=InvoiceStatus.OPEN)).rows == []
    facts = {"invoice_ref": invoice.provider_ref, "payment_ref": "pay_1"}
    await told(ctx, EventKind.PAYMENT_SUCCEEDED, amount=wire(usd("25")), **facts)
    assert not await dunning.is_blocked(me, tenant.id)
    with pytest.raises(ForbiddenError):
        await dunning.is_blocked(as_vendor(ctx, await make_vendor(ctx)), tenant.id)


async def test_a_credit_note_blocks_nobody(ctx: Context, clock: FixedClock) -> None:
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    await invoices.void_with_credit_note(as_ops(ctx), invoice.id, reason="x")
    clock.advance(60 * DAY)
    assert not await dunning.is_blocked(ctx, tenant.id)
    await _tick(ctx)
    assert await _sent(ctx) == []


async def test_a_card_is_tried_again_by_the_rule_until_the_invoice_is_paid(
    ctx: Context, clock: FixedClock, providers: FakeProviders
) -> None:
    """The lock is always released, so that dunning never stops for ever."""
    providers.stripe.charge = ChargeResult("failed", "pay_1", failure="declined")
    tenant = await make_vendor(ctx)
    invoice: Invoice = await make_invoice(ctx, tenant)
    invoice.next_attempt_at = ctx.now()
    tried: list[int] = []
    for day in range(30):
        before = len(providers.stripe.named("charge_invoice"))
        await _tick(ctx)
        await work(ctx)
        if len(providers.stripe.named("charge_invoice")) > before:
            tried.append(day)
        clock.advance(DAY)
    assert tried == [0, 1, 4, 9, 16]
    assert len(await mails(ctx, "payment_failed_final")) == 1
    assert (await fresh(ctx, invoice)).next_attempt_at is None


async def test_no_reminder_is_sent_while_a_charge_is_under_way(
    ctx: Context, clock: FixedClock, providers: FakeProviders
) -> None:
    providers.stripe.charge = ChargeResult("pending", "pay_1")
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    clock.advance(13 * DAY)
    invoice.next_attempt_at = ctx.now()
    await _tick(ctx)
    await work(ctx)
    assert await _sent(ctx) == []
    facts = {"invoice_ref": invoice.provider_ref, "payment_ref": "pay_1", "failure": "x"}
    await told(ctx, EventKind.PAYMENT_FAILED, **facts)
    clock.advance(dunning.LOOK_AGAIN)
    await _tick(ctx)
    assert await _sent(ctx) == ["payment_due_soon"]


async def test_agents_are_reminded_in_words_of_their_own(ctx: Context, clock: FixedClock) -> None:
    agent = (await make_agent(ctx)).agent
    tenant = await ctx.db.get_one(Tenant, agent.tenant_id)
    await make_invoice(ctx, tenant, price="2.50")
    ctx.settings.invoice_due_days = 5
    for _ in range(25):
        await _tick(ctx)
        clock.advance(DAY)
    names = [mail.name for mail in await mails(ctx)]
    assert "agent_payment_missing" in names
    for mail in await mails(ctx):
        said = ctx.documents.mail(
            mail.name, mail.payload, locale="en", brand="Turnpike", site_url=ctx.site_url
        )
        assert "device" not in f"{said.subject} {said.text}".lower(), mail.name
