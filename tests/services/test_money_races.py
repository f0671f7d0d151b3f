"""Two at once: whatever the order, money is taken, booked and given back once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlmodel import col, select

from app.core.clock import wall_now
from app.core.errors import ConflictError
from app.rules.statuses import InvoiceStatus, PaymentStatus
from app.runtime import Runtime
from app.services import charges, checkouts, inbox, invoices, ledger, refunds
from app.services.context import SYSTEM, Context
from app.services.ports import EventKind, ProviderEvent
from models.invoice import Invoice
from models.ledger import AccountKind
from models.payment import ChargeAttempt, Checkout, CheckoutStatus, Payment
from models.tenant import Tenant
from tests.factories import as_ops, make_vendor
from tests.fakes import FakeProviders
from tests.money_kit import make_invoice, usd, wire


async def _open(run: Runtime) -> tuple[Tenant, Invoice]:
    async with run.context(SYSTEM) as ctx:
        tenant = await make_vendor(ctx)
        return tenant, await make_invoice(ctx, tenant)


async def _at_once(run: Runtime, *acts: Callable[[Context], Awaitable[Any]]) -> list[Any]:
    async def one(act: Callable[[Context], Awaitable[Any]]) -> Any:
        async with run.context(SYSTEM) as ctx:
            return await act(ctx)

    outcomes = await asyncio.gather(*(one(act) for act in acts), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, ConflictError):
            raise outcome
    return outcomes


async def test_many_notifications_of_one_payment_book_it_once(own_run: Runtime) -> None:
    """Identical ones and different ones about the same fact, all handled at the same moment."""
    tenant, invoice = await _open(own_run)
    facts = {
        "invoice_ref": invoice.provider_ref,
        "payment_ref": "pay_1",
        "amount": wire(invoice.total),
    }
    ids: list[Any] = []
    async with own_run.context(SYSTEM) as ctx:
        for number in range(8):
            event = ProviderEvent(
                f"evt_{number}", EventKind.PAYMENT_SUCCEEDED, "", wall_now(), facts
            )
            ids.append(await inbox.store(ctx, "stripe", event, b"{}"))
    handlers = [lambda ctx, id_=id_: inbox.handle(ctx, id_) for id_ in (*ids, *ids)]
    await _at_once(own_run, *handlers)
    async with own_run.context(SYSTEM) as ctx:
        assert (await ctx.db.get_one(Invoice, invoice.id)).status is InvoiceStatus.PAID
        held = await ledger.balance(ctx, ledger.HOUSE, AccountKind.PROCESSOR, "USD")
        assert held == invoice.total
        assert await ledger.balance(ctx, tenant.id, AccountKind.CREDIT, "USD") == usd("0")
        assert await ledger.check(ctx) == []


async def test_charges_and_pages_at_once_leave_one_way_to_pay(
    own_run: Runtime, providers: FakeProviders
) -> None:
    """A hosted page and an automatic charge race for the same invoice: one of them is alive."""
    _, invoice = await _open(own_run)
    pay = [lambda ctx: checkouts.pay_invoice(ctx, invoice.id)] * 4
    charge = [lambda ctx: charges.start(ctx, invoice.id)] * 4
    await _at_once(own_run, *(act for pair in zip(pay, charge, strict=True) for act in pair))
    async with own_run.context(SYSTEM) as ctx:
        attempts = (await ctx.db.scalars(select(ChargeAttempt))).all()
        pages = await ctx.db.scalars(
            select(Checkout).where(col(Checkout.status) == CheckoutStatus.OPEN)
        )
        assert len(attempts) == 1
        assert len(pages.all()) <= 1
    await _at_once(own_run, *[lambda ctx: charges.collect(ctx, attempts[0].id)] * 3)
    async with own_run.context(SYSTEM) as ctx:
        assert await checkouts.open_page(ctx, invoice.id) is None
        attempt = await ctx.db.get_one(ChargeAttempt, attempts[0].id)
        assert attempt.status is PaymentStatus.PENDING
    keys = {call["idempotency_key"] for call in providers.stripe.named("charge_invoice")}
    assert keys == {f"charge:{attempts[0].id}"}


async def test_refunds_asked_for_at_once_stay_within_the_payment(own_run: Runtime) -> None:
    _, invoice = await _open(own_run)
    async with own_run.context(SYSTEM) as ctx:
        await invoices.mark_settled(as_ops(ctx), invoice.id, reference="wire")
        payment = (await ctx.db.scalars(select(Payment))).one()
        payment.provider = "stripe"
    ask = [lambda ctx: refunds.refund(as_ops(ctx), payment.id, usd("10"), reason="x")] * 5
    outcomes = await _at_once(own_run, *ask)
    assert sum(isinstance(outcome, ConflictError) for outcome in outcomes) == 3


@pytest.mark.parametrize("act", ["settle", "void"])
async def test_operators_at_once_act_once(own_run: Runtime, act: str) -> None:
    tenant, invoice = await _open(own_run)

    async def do(ctx: Context) -> None:
        if act == "settle":
            await invoices.mark_settled(as_ops(ctx), invoice.id, reference="wire 1")
        else:
            await invoices.void_with_credit_note(as_ops(ctx), invoice.id, reason="x")

    outcomes = await _at_once(own_run, do, do, do)
    assert sum(outcome is None for outcome in outcomes) == 1
    async with own_run.context(SYSTEM) as ctx:
        assert await ledger.balance(ctx, tenant.id, AccountKind.RECEIVABLE, "USD") == usd("0")
        assert await ledger.balance(ctx, tenant.id, AccountKind.CREDIT, "USD") == usd("0")
        assert await ledger.check(ctx) == []
