from __future__ import annotations

import datetime as dt
from dataclasses import asdict

import pytest
from sqlmodel import select

from app.core.clock import FixedClock
from app.core.errors import ForbiddenError, NotSignedInError
from app.core.money import Money
from app.rules.statuses import DisputeStatus, PaymentStatus, TenantStatus
from app.services import books, ops_money, ops_overview, refunds
from app.services.context import Context
from app.services.gauges import read
from app.services.ops_lists import Search
from app.services.ports import EventKind
from models.dispute import Dispute
from models.ledger import LedgerAccount
from models.payment import Payment
from models.person import Role
from models.tenant import Rail
from tests.factories import as_nobody, as_ops, as_token, as_vendor, make_device, make_vendor
from tests.money_kit import make_invoice, told, usd, used, wire
from tests.ops_kit import make_payment

READS = [
    ops_overview.attention,
    ops_overview.latest_run,
    books.last,
    ops_overview.pulse,
    ops_overview.recent_first_devices,
    ops_overview.fingerprint,
]


@pytest.mark.parametrize("read", READS)
async def test_only_operations_read_the_overview(ctx: Context, read: object) -> None:
    tenant = await make_vendor(ctx)
    for other in (as_vendor(ctx, tenant), as_token(ctx, tenant)):
        with pytest.raises(ForbiddenError):
            await read(other)  # type: ignore[operator]
    with pytest.raises(NotSignedInError):
        await read(as_nobody(ctx))  # type: ignore[operator]
    await read(as_ops(ctx, Role.OPS_VIEWER))  # type: ignore[operator]


async def test_nothing_waits_in_a_quiet_house(ctx: Context) -> None:
    await make_vendor(ctx)
    assert set(asdict(await ops_overview.attention(as_ops(ctx))).values()) == {0}
    assert await ops_overview.latest_run(as_ops(ctx)) is None


async def test_late_invoices_disputes_and_halted_vendors_wait(ctx: Context) -> None:
    tenant = await make_vendor(ctx, status=TenantStatus.PENDING)
    tenant.created_at = ctx.now() - dt.timedelta(days=8)
    invoice = await make_invoice(ctx, tenant, pushed=False)
    invoice.due_at = ctx.now()
    payment = await make_payment(ctx, tenant, status=PaymentStatus.DISPUTED)
    for status in DisputeStatus:
        ctx.db.add(
            Dispute(
                tenant_id=tenant.id,
                payment_id=payment.id,
                status=status,
                provider="stripe",
                provider_ref=f"du_{status}",
                amount_micros=1,
                currency="USD",
                opened_at=ctx.now(),
            )
        )
    await ctx.db.flush()
    found = await ops_overview.attention(as_ops(ctx))
    assert (found.overdue_invoices, found.open_disputes, found.stuck_tenants) == (1, 1, 1)


async def test_the_running_month_is_estimated_at_each_vendors_price(ctx: Context) -> None:
    cards = await make_vendor(ctx, price_micros=2_000_000)
    yuan = await make_vendor(ctx, rail=Rail.INVOICE, currency="CNY", price_micros=17_500_000)
    await used(ctx, cards, 3)
    device = await make_device(ctx, yuan, "CN-1", user_omni="0" * 64)
    device.last_active_at = ctx.now()
    await ctx.db.flush()
    found = await ops_overview.pulse(as_ops(ctx))
    assert found.estimate == (Money.of("6.00", "USD"),)
    assert (found.active_devices, found.registered_devices) == (3, 4)
    assert (found.active_vendors, found.pending_vendors) == (2, 0)


async def test_the_median_is_of_all_vendors_that_have_a_device(ctx: Context) -> None:
    for hours in (1, 5, 30):
        tenant = await make_vendor(ctx)
        tenant.first_device_at = ctx.now() + dt.timedelta(hours=hours)
    await make_vendor(ctx)
    await ctx.db.flush()
    found = await ops_overview.pulse(as_ops(ctx))
    assert (found.median_to_first_device, found.measured_tenants) == (dt.timedelta(hours=5), 3)
    recent = await ops_overview.recent_first_devices(as_ops(ctx))
    assert [one.took for one in recent] == [dt.timedelta(hours=hours) for hours in (30, 5, 1)]


async def test_books_that_somebody_wrote_in_are_reported_by_the_next_look(
    ctx: Context, clock: FixedClock
) -> None:
    await make_invoice(ctx, await make_vendor(ctx))
    assert await books.last(as_ops(ctx)) is None
    assert await books.check_when_due(ctx) == 1
    found = await books.last(as_ops(ctx))
    assert found is not None
    assert (found.found, found.problems, found.checked_at) == (0, [], ctx.now())
    assert found.entries == 1
    account = (await ctx.db.scalars(select(LedgerAccount))).first()
    assert account is not None
    account.balance_micros += 1
    await ctx.db.flush()
    clock.advance(books.EVERY - dt.timedelta(seconds=1))
    assert await books.check_when_due(ctx) == 0  # honest about its age, and not yet due
    assert (await read(ctx)).ledger_problems == 0
    clock.advance(dt.timedelta(seconds=1))
    assert await books.check_when_due(ctx) == 1
    found = await books.last(as_ops(ctx))
    assert found is not None
    assert (found.found, len(found.problems), found.checked_at) == (1, 1, ctx.now())
    told = await read(ctx)
    assert (told.ledger_problems, told.ledger_checked_at) == (1, ctx.now())
    with pytest.raises(ForbiddenError):
        await books.check(as_ops(ctx))


async def test_the_share_counts_who_took_half_an_hour_at_the_most(ctx: Context) -> None:
    for seconds in (0, 1_800, 1_801, 90_000):
        tenant = await make_vendor(ctx)
        tenant.first_device_at = ctx.now() + dt.timedelta(seconds=seconds)
    await make_vendor(ctx)
    await ctx.db.flush()
    found = await ops_overview.pulse(as_ops(ctx))
    assert (found.within_target, found.measured_tenants) == (2, 4)


async def test_a_refund_that_failed_waits_until_it_is_made_up_for(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    await told(
        ctx,
        EventKind.PAYMENT_SUCCEEDED,
        invoice_ref=invoice.provider_ref,
        payment_ref="pay_1",
        amount=wire(usd("25")),
    )
    payment = (await ctx.db.scalars(select(Payment))).one()
    ops = as_ops(ctx)

    async def waiting() -> tuple[int, int]:
        found = await ops_money.PAYMENTS.page(ops, Search(status=ops_money.REFUND_FAILED))
        return (await ops_overview.attention(ops)).failed_refunds, len(found.rows)

    async def refund(status: PaymentStatus) -> None:
        row = await refunds.refund(ops, payment.id, usd("1"), reason="x")
        row.status, row.finished_at = status, ctx.now()
        await ctx.db.flush()

    assert await waiting() == (0, 0)
    await refund(PaymentStatus.FAILED)
    assert await waiting() == (1, 1)
    await refund(PaymentStatus.SUCCEEDED)
    assert await waiting() == (0, 0)
