from __future__ import annotations

import pytest
from sqlmodel import col, select

from app.core.errors import ConflictError, ForbiddenError, NotFoundError
from app.core.ids import new_id
from app.services import ops_audit, ops_exchange, ops_money
from app.services.context import Context
from app.services.ops_lists import Search
from models.audit import AuditEvent
from models.exchange import (
    InboxStatus,
    OutboxStatus,
    SuppressedAddress,
)
from models.person import Role
from tests.factories import as_ops, as_vendor, make_person, make_vendor
from tests.money_kit import mails
from tests.ops_kit import audited, make_event, make_job, make_mail


async def test_only_operations_see_what_goes_in_and_out(ctx: Context) -> None:
    vendor = as_vendor(ctx, await make_vendor(ctx))
    for attempt in (
        ops_exchange.INBOX.page(vendor, Search()),
        ops_exchange.providers_seen(vendor),
        ops_exchange.MAILS.page(vendor, Search()),
        ops_exchange.JOBS.page(vendor, Search()),
        ops_exchange.SUPPRESSED.page(vendor, Search()),
        ops_exchange.outgoing(vendor, new_id()),
        ops_exchange.notification(vendor, new_id()),
        ops_audit.STREAM.page(vendor, Search()),
        ops_audit.get(vendor, new_id()),
        ops_money.INVOICES.page(vendor, Search()),
        ops_money.PAYMENTS.page(vendor, Search()),
        ops_money.PAYOUTS.page(vendor, Search()),
        ops_money.payment(vendor, new_id()),
        ops_money.payout(vendor, new_id()),
    ):
        with pytest.raises(ForbiddenError):
            await attempt


async def test_a_viewer_changes_nothing(ctx: Context) -> None:
    viewer = as_ops(ctx, Role.OPS_VIEWER)
    mail = await make_mail(ctx)
    with pytest.raises(ForbiddenError):
        await ops_exchange.resend(viewer, mail.id)
    with pytest.raises(ForbiddenError):
        await ops_exchange.release(viewer, "a@example.com", reason="x")


async def test_notifications_are_searched_and_filtered(ctx: Context) -> None:
    await make_event(ctx, subject_ref="pi_42")
    await make_event(ctx, provider="alipay", kind="refund.confirmed", status=InboxStatus.FAILED)
    ops = as_ops(ctx, Role.OPS_VIEWER)

    async def kinds(**search: str) -> list[str]:
        page = await ops_exchange.INBOX.page(ops, Search(**search))
        return [one.kind for one in page.rows]

    assert await kinds(q="PI_42") == ["payment.succeeded"]
    assert await kinds(status="failed") == ["refund.confirmed"]
    assert await kinds(provider="alipay") == ["refund.confirmed"]
    assert len(await kinds()) == 2
    assert await ops_exchange.providers_seen(ops) == ["alipay", "stripe"]


async def test_mails_and_jobs_stand_apart(ctx: Context) -> None:
    await make_mail(ctx)
    await make_job(ctx)
    ops = as_ops(ctx)
    mails_found = await ops_exchange.MAILS.page(ops, Search(q="acme"))
    jobs_found = await ops_exchange.JOBS.page(ops, Search())
    assert [one.name for one in mails_found.rows] == ["vendor_activated"]
    assert [one.name for one in jobs_found.rows] == ["pay_out"]


async def test_a_failed_mail_is_sent_again_as_it_is(ctx: Context) -> None:
    mail = await make_mail(ctx)
    mail.status = OutboxStatus.FAILED
    await ops_exchange.resend(as_ops(ctx, Role.OPS_OPERATOR), mail.id)
    assert (mail.status, len(await mails(ctx))) == (OutboxStatus.QUEUED, 1)
    assert await audited(ctx, "ops.outbox_retried") == [{"name": "vendor_activated"}]


async def test_a_sent_mail_goes_out_once_more_as_a_mail_of_its_own(ctx: Context) -> None:
    mail = await make_mail(ctx)
    mail.status = OutboxStatus.SENT
    await ctx.db.flush()
    await ops_exchange.resend(as_ops(ctx, Role.OPS_OPERATOR), mail.id)
    again = [one for one in await mails(ctx) if one.id != mail.id]
    assert [(one.recipient, one.payload, one.status) for one in again] == [
        (mail.recipient, mail.payload, OutboxStatus.QUEUED)
    ]
    assert await audited(ctx, "ops.mail_resent") == [
        {"name": "vendor_activated", "to": "owner@acme.example.com"}
    ]


async def test_a_mail_whose_link_worked_once_is_not_sent_again(ctx: Context) -> None:
    mail = await make_mail(ctx)
    mail.status, mail.payload = OutboxStatus.SENT, {"tenant": "Acme Toys"}
    await ctx.db.flush()
    with pytest.raises(ConflictError, match="works once"):
        await ops_exchange.resend(as_ops(ctx), mail.id)


async def test_a_job_is_no_mail(ctx: Context) -> None:
    job = await make_job(ctx)
    with pytest.raises(NotFoundError):
        await ops_exchange.resend(as_ops(ctx), job.id)


async def test_an_address_is_released_once_and_audited(ctx: Context) -> None:
    ctx.db.add(SuppressedAddress(email="a@example.com", reason="bounced", suppressed_at=ctx.now()))
    await ctx.db.flush()
    operator = as_ops(ctx, Role.OPS_OPERATOR)
    await ops_exchange.release(operator, "a@example.com", reason="box was full")
    with pytest.raises(NotFoundError):
        await ops_exchange.release(operator, "a@example.com", reason="again")
    assert await audited(ctx, "ops.address_released") == [
        {"was": "bounced", "reason": "box was full"}
    ]


async def test_the_stream_is_searched_filtered_and_named(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    person = await make_person(ctx, tenant, email="owner@acme.example.com")
    as_vendor(ctx, tenant, person=person).audit("vendor.branding_saved", subject=("tenant", "t-1"))
    ctx.audit("ops.clock_moved", body={"to": "2026-12-01"})
    ctx.audit("access.refused", result="denied")
    await ctx.db.flush()
    viewer = as_ops(ctx, Role.OPS_VIEWER)

    async def kinds(search: Search) -> set[str]:
        return {line.event.kind for line in (await ops_audit.STREAM.page(viewer, search)).rows}

    assert await kinds(Search(q="T-1")) == {"vendor.branding_saved"}
    assert await kinds(Search(area="ops")) == {"ops.clock_moved"}
    assert await kinds(Search(status="denied")) == {"access.refused"}
    assert await kinds(Search(tenant_id=tenant.id)) == {"vendor.branding_saved"}
    found = (await ops_audit.STREAM.page(viewer, Search(tenant_id=tenant.id))).rows[0]
    assert (found.actor, found.tenant) == ("owner@acme.example.com", "Acme Toys")
    system = await ctx.db.scalar(
        select(AuditEvent.id).where(col(AuditEvent.kind) == "ops.clock_moved")
    )
    assert system is not None
    assert (await ops_audit.get(viewer, system)).actor == "system"
