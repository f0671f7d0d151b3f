"""A dispute from the provider's news to the screen of operations."""

from __future__ import annotations

import datetime as dt

import pytest

from app.core.errors import ForbiddenError
from app.rules.statuses import PaymentStatus
from app.services import disputes
from app.services.context import Context
from app.services.news import News
from models.payment import Payment
from models.tenant import Tenant
from state.ops.disputes import DisputesState
from tests.state.conftest import Tab


def news(ctx: Context, **facts: object) -> News:
    about = {"payment_ref": "pi_1", "dispute_ref": "du_1"}
    return News("stripe", "evt_1", "du_1", ctx.now(), about | facts)


@pytest.fixture
async def payment(ctx: Context, vendor: Tenant) -> Payment:
    """A payment that its bank took back, to be answered within nine days."""
    row = Payment(
        tenant_id=vendor.id,
        status=PaymentStatus.SUCCEEDED,
        provider="stripe",
        provider_ref="pi_1",
        amount_micros=25_000_000,
        currency="USD",
        created_at=ctx.now(),
    )
    ctx.db.add(row)
    await ctx.db.flush()
    respond_by = (ctx.now() + dt.timedelta(days=9)).isoformat()
    amount = {"amount": "25.00", "currency": "USD"}
    for _ in range(2):  # told twice, noted once
        said = news(ctx, amount=amount, reason="product_not_received", respond_by=respond_by)
        await disputes.opened(ctx, said)
    await ctx.db.commit()
    return row


async def opened(tab: Tab, query: str = "") -> DisputesState:
    tab.go(f"/ops/payments/disputes{query}")
    state = await tab.state(DisputesState)
    await state.load()
    return state


async def test_vendors_see_no_disputes(tab: Tab, payment: Payment) -> None:
    with pytest.raises(ForbiddenError):
        await opened(tab)


async def test_an_open_dispute_says_what_it_touches_and_until_when(
    payment: Payment, viewer: Tab
) -> None:
    state = await opened(viewer, "?status=open&sort=respond_by&q=acme")
    assert [(row.vendor, row.amount, row.reason, row.respond_by) for row in state.rows] == [
        ("Acme Toys", "$25.00", "Product not received", "29 Nov 2026, 09:00 UTC")
    ]
    state = await opened(viewer, f"?open={state.rows[0].id}")
    assert (state.detail.payment_id, state.detail.provider_ref) == (str(payment.id), "du_1")


async def test_a_dispute_that_is_decided_is_open_no_more(
    ctx: Context, payment: Payment, viewer: Tab
) -> None:
    for _ in range(2):
        await disputes.closed(ctx, news(ctx, outcome="won"))
    await ctx.db.commit()
    assert (await opened(viewer, "?status=open")).rows == []
    assert [row.status for row in (await opened(viewer, "?status=won")).rows] == ["won"]


async def test_a_dispute_that_closes_before_it_opens_is_noted_as_decided(
    ctx: Context, vendor: Tenant, viewer: Tab
) -> None:
    ctx.db.add(
        Payment(
            tenant_id=vendor.id,
            status=PaymentStatus.SUCCEEDED,
            provider="stripe",
            provider_ref="pi_1",
            amount_micros=25_000_000,
            currency="USD",
            created_at=ctx.now(),
        )
    )
    await ctx.db.flush()
    amount = {"amount": "25.00", "currency": "USD"}
    await disputes.closed(ctx, news(ctx, amount=amount, outcome="won"))
    assert not await disputes.opened(ctx, news(ctx, amount=amount, reason="fraudulent"))
    await ctx.db.commit()
    assert [row.status for row in (await opened(viewer)).rows] == ["won"]
