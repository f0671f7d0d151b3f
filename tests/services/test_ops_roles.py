"""Every act of operations, tried in a role that may not do it: refused before anything is looked up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable

import pytest

from app.core.errors import ForbiddenError, NotSignedInError
from app.core.ids import new_id
from app.core.money import Money
from app.services import (
    billing_runs,
    inbox,
    invoices,
    ops_exchange,
    ops_tenants,
    outbox,
    payouts,
    people,
    prices,
    refunds,
)
from app.services.context import Context
from models.person import Role
from tests.factories import as_nobody, as_ops, as_vendor, make_vendor

Act = Callable[[Context], Awaitable[object]]

ID, MONEY = new_id(), Money.of("1.00", "USD")
OPERATORS: dict[str, Act] = {
    "suspend": lambda ctx: ops_tenants.suspend(ctx, ID, reason="x"),
    "resume": lambda ctx: ops_tenants.resume(ctx, ID, reason="x"),
    "notes": lambda ctx: ops_tenants.save_notes(ctx, ID, "x"),
    "price": lambda ctx: prices.set_price(ctx, ID, MONEY, dt.date(2027, 3, 1), reason="x"),
    "charge again": lambda ctx: invoices.retry(ctx, ID),
    "void": lambda ctx: invoices.void_with_credit_note(ctx, ID, reason="x"),
    "credit": lambda ctx: invoices.credit(ctx, ID, MONEY, reason="x"),
    "settle": lambda ctx: invoices.mark_settled(ctx, ID, reference="x"),
    "refund": lambda ctx: refunds.refund(ctx, ID, MONEY, reason="x"),
    "pay out by hand": lambda ctx: payouts.settle_manually(ctx, ID, reference="x"),
    "pay out again": lambda ctx: payouts.retry(ctx, ID),
    "replay": lambda ctx: inbox.replay(ctx, ID),
    "repeat a job": lambda ctx: outbox.retry(ctx, ID),
    "resend": lambda ctx: ops_exchange.resend(ctx, ID),
    "release": lambda ctx: ops_exchange.release(ctx, "a@example.com", reason="x"),
    "bill again": lambda ctx: billing_runs.retry_tenant(ctx, ID, "2026-10"),
    "begin a run": lambda ctx: billing_runs.start_run(ctx, "2026-10"),
}
ADMINS: dict[str, Act] = {
    "add": lambda ctx: people.create_ops(ctx, "new@example.com", Role.OPS_VIEWER, name="x"),
    "shut out": lambda ctx: people.disable(ctx, ID),
    "let in": lambda ctx: people.enable(ctx, ID),
    "promote": lambda ctx: people.set_role(ctx, ID, Role.OPS_ADMIN),
}
ALL = OPERATORS | ADMINS


@pytest.mark.parametrize("act", ALL.values(), ids=ALL)
async def test_viewers_vendors_and_strangers_do_nothing(ctx: Context, act: Act) -> None:
    vendor = await make_vendor(ctx)
    for other in (as_ops(ctx, Role.OPS_VIEWER), as_vendor(ctx, vendor)):
        with pytest.raises(ForbiddenError):
            await act(other)
    with pytest.raises(NotSignedInError):
        await act(as_nobody(ctx))


@pytest.mark.parametrize("act", ADMINS.values(), ids=ADMINS)
async def test_operators_do_not_manage_the_staff(ctx: Context, act: Act) -> None:
    with pytest.raises(ForbiddenError):
        await act(as_ops(ctx, Role.OPS_OPERATOR))
