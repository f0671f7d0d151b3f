"""Notifications, customers, refunds and payouts: what happens after a provider spoke or must be asked."""

from __future__ import annotations

import datetime as dt
from functools import partial
from uuid import UUID

from app.jobs.engine import Work, job, noted
from app.jobs.schedule import every
from app.services import inbox, payments, payouts, refunds
from app.services.context import Context
from app.services.ports import JobName


@every(dt.timedelta(seconds=20))
async def sweep_inbox(ctx: Context) -> int:
    """Take up notifications that a crash or a failure left behind."""
    return await inbox.sweep(ctx)


@every(dt.timedelta(minutes=1))
async def resume_refunds(ctx: Context) -> int:
    """Take up refunds that a crash or a provider's silence left open."""
    return await refunds.resume_due(ctx)


@every(dt.timedelta(minutes=1))
async def resume_payouts(ctx: Context) -> int:
    """Take up payouts whose account became ready, or whose wait is over."""
    return await payouts.resume_due(ctx)


@job(JobName.HANDLE_INBOX)
async def handle_inbox(work: Work) -> None:
    """Do what one stored notification means; a failure is kept with it and retried by the sweep."""
    inbox_id = UUID(str(work.payload["inbox_id"]))
    async with noted(work, partial(inbox.note_failure, inbox_id=inbox_id)):
        await work.step("handle", lambda ctx: inbox.handle(ctx, inbox_id))


@job(JobName.CREATE_CUSTOMER)
async def create_customer(work: Work) -> None:
    """Make the tenant known to its payment provider."""
    tenant_id = UUID(str(work.payload["tenant"]))
    await work.step("create", lambda ctx: payments.ensure_customer(ctx, tenant_id))


@job(JobName.REFUND)
async def refund(work: Work) -> None:
    """Ask the provider to give money back."""
    refund_id = UUID(str(work.payload["refund_id"]))
    await work.step("refund", lambda ctx: refunds.carry_out(ctx, refund_id))


@job(JobName.PAY_OUT)
async def pay_out(work: Work) -> None:
    """Send one payout."""
    payout_id = UUID(str(work.payload["payout_id"]))
    await work.step("send", lambda ctx: payouts.send(ctx, payout_id))
