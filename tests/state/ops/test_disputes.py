"""A dispute from the provider's news to the screen of operations."""

from __future__ import annotations

import datetime as dt

import pytest

from app.core.errors import ForbiddenError
from app.services import disputes
from app.services.context import Context
from app.services.news import News
from models.payment import Payment
from models.tenant import Tenant
from state.ops.disputes import DisputesState
from tests.ops_kit import make_payment
from tests.state.conftest import Tab
from tests.state.ops.conftest import opened


def news(ctx: Context, **facts: object) -> News:
    about = {"payment_ref": "pi_1", "dispute_ref": "du_1"}
    return News("stripe", "evt_1", "du_1", ctx.now(), about | facts)


@pytest.fixture
async def payment(ctx: Context, vendor: Tenant) -> Payment:
    """A payment that its bank took back, to be answered within nine days."""
    row = await make_payment(ctx, vendor)
    respond_by = (ctx.now() + dt.timedelta(days=9)).isoformat()
    amount = {"amount": "25.00", "currency": "USD"}
    for _ in range(2):  # told twice, noted once
        said = news(ctx, amount=amount, reason="product_not_received", respond_by=respond_by)
        await disputes.opened(ctx, said)
    await ctx.db.commit()
    return row


async def shown(tab: Tab, query: str = "") -> DisputesState:
    return await opened(tab, DisputesState, f"/ops/payments/disputes{query}")


async def test_vendors_see_no_disputes(tab: Tab, payment: Payment) -> None:
    with pytest.raises(ForbiddenError):
        await shown(tab)


async def test_an_open_dispute_says_what_it_touches_and_until_when(
    payment: Payment, viewer: Tab
) -> None:
    state = await shown(viewer, "?status=open&sort=respond_by&q=acme")
    assert [(row.vendor, row.amount, row.reason, row.respond_by) for row in state.rows] == [
        ("Acme Toys", "$25.00", "Product not received", "29 Nov 2026, 09:00 UTC")
    ]
    state = await shown(viewer, f"?open={state.rows[0].id}")
    assert (state.detail.payment_id, state.detail.provider_ref) == (str(payment.id), "du_1")


async def test_a_dispute_that_is_decided_is_open_no_more(
    ctx: Context, payment: Payment, viewer: Tab
) -> None:
    for _ in range(2):
        await disputes.closed(ctx, news(ctx, outcome="won"))
    await ctx.db.commit()
    assert (await shown(viewer, "?status=open")).rows == []
    assert [row.status for row in (await shown(viewer, "?status=won")).rows] == ["won"]


async def test_a_dispute_that_closes_before_it_opens_is_noted_as_decided(
    ctx: Context, vendor: Tenant, viewer: Tab
) -> None:
    await make_payment(ctx, vendor)
    amount = {"amount": "25.00", "currency": "USD"}
    await disputes.closed(ctx, news(ctx, amount=amount, outcome="won"))
    assert not await disputes.opened(ctx, news(ctx, amount=amount, reason="fraudulent"))
    await ctx.db.commit()
    assert [row.status for row in (await shown(viewer)).rows] == ["won"]
