"""What came in and what goes out, for operations: notifications, mails, jobs, refused addresses."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import col, select

from app.core.errors import ConflictError, NotFoundError
from app.core.ids import new_id
from app.services import ops_lists, outbox
from app.services.context import Context
from app.services.paging import Page
from models.exchange import (
    InboxEvent,
    InboxStatus,
    OutboxItem,
    OutboxKind,
    OutboxStatus,
    SuppressedAddress,
)
from models.person import Role

_INBOX_SORTS: Final[dict[str, Any]] = {
    "received_at": col(InboxEvent.received_at),
    "attempts": col(InboxEvent.attempts),
}
_OUTBOX_SORTS: Final[dict[str, Any]] = {
    "created_at": col(OutboxItem.created_at),
    "attempts": col(OutboxItem.attempts),
}


@dataclass(frozen=True, slots=True)
class ExchangeSearch:
    """What to show; ``q`` is found in names, keys, addresses and subjects."""

    q: str = ""
    status: str = ""
    provider: str = ""
    sort: str = ""


async def inbox_page(ctx: Context, search: ExchangeSearch, number: int = 1) -> Page[InboxEvent]:
    """Return one page of the notifications that match."""
    query = select(InboxEvent).where(
        *_found(search.q, InboxEvent.kind, InboxEvent.event_id, InboxEvent.subject_ref)
    )
    if search.status:
        query = query.where(col(InboxEvent.status) == InboxStatus(search.status))
    if search.provider:
        query = query.where(col(InboxEvent.provider) == search.provider)
    sort = search.sort or "-received_at"
    return await ops_lists.numbered(
        ctx, ops_lists.order(query, _INBOX_SORTS, sort, col(InboxEvent.id)), number
    )


async def providers_seen(ctx: Context) -> list[str]:
    """Return from which providers notifications ever came."""
    ctx.require_ops()
    rows = await ctx.db.scalars(select(InboxEvent.provider).distinct())
    return sorted(rows)


async def notification(ctx: Context, inbox_id: UUID) -> InboxEvent:
    """Return one notification whole."""
    return await ctx.get_any(InboxEvent, inbox_id)


async def mails_page(ctx: Context, search: ExchangeSearch, number: int = 1) -> Page[OutboxItem]:
    """Return one page of the mails that match."""
    return await _outbox(ctx, OutboxKind.MAIL, search, number)


async def jobs_page(ctx: Context, search: ExchangeSearch, number: int = 1) -> Page[OutboxItem]:
    """Return one page of the jobs that match."""
    return await _outbox(ctx, OutboxKind.JOB, search, number)


async def outgoing(ctx: Context, item_id: UUID) -> OutboxItem:
    """Return one mail or job whole; what is secret in it is sealed."""
    return await ctx.get_any(OutboxItem, item_id)


async def resend(ctx: Context, item_id: UUID) -> None:
    """Send a mail again: one that failed as it is, one that was sent as a mail of its own.

    Raises ``ConflictError`` ``carried_a_secret`` for a sent one whose link worked only once.
    """
    ctx.require_ops(Role.OPS_OPERATOR)
    item = await ctx.get_any(OutboxItem, item_id, lock=True)
    if item.kind is not OutboxKind.MAIL:
        raise NotFoundError("There is no such mail.")
    if item.status is not OutboxStatus.SENT:
        await outbox.retry(ctx, item_id)
        return
    try:
        await asyncio.to_thread(
            ctx.documents.mail,
            item.name,
            dict(item.payload),
            locale=item.locale,
            brand=ctx.settings.seller_name,
            site_url=ctx.site_url,
        )
    except (ValueError, LookupError) as error:
        raise ConflictError(
            "This mail carried a link that works once; the person has to ask for a new one.",
            reason="carried_a_secret",
        ) from error
    now = ctx.now()
    again = OutboxItem(
        kind=OutboxKind.MAIL,
        business_key=f"{item.business_key[:200]}/again/{new_id().hex}",
        name=item.name,
        tenant_id=item.tenant_id,
        recipient=item.recipient,
        locale=item.locale,
        payload=dict(item.payload),
        attachments=list(item.attachments),
        created_at=now,
        next_at=now,
    )
    ctx.db.add(again)
    await ctx.db.flush()
    ctx.audit(
        "ops.mail_resent",
        tenant_id=item.tenant_id,
        subject=("outbox_item", again.id),
        body={"name": item.name, "to": item.recipient},
    )


async def suppressed_page(
    ctx: Context, search: ExchangeSearch, number: int = 1
) -> Page[SuppressedAddress]:
    """Return one page of the addresses that refused mail, the newest first."""
    query = (
        select(SuppressedAddress)
        .where(*_found(search.q, SuppressedAddress.email))
        .order_by(col(SuppressedAddress.suppressed_at).desc(), col(SuppressedAddress.email))
    )
    return await ops_lists.numbered(ctx, query, number)


async def release(ctx: Context, email: str, *, reason: str) -> None:
    """Let mail go to an address again that refused it once."""
    ctx.require_ops(Role.OPS_OPERATOR)
    row = await ctx.db.get(SuppressedAddress, email, with_for_update=True)
    if row is None:
        raise NotFoundError("This address is not suppressed.")
    await ctx.db.delete(row)
    ctx.audit(
        "ops.address_released",
        subject=("address", email),
        body={"was": row.reason, "reason": " ".join(reason.split())[:300]},
    )


async def _outbox(
    ctx: Context, kind: OutboxKind, search: ExchangeSearch, number: int
) -> Page[OutboxItem]:
    query = select(OutboxItem).where(
        col(OutboxItem.kind) == kind,
        *_found(
            search.q,
            OutboxItem.name,
            OutboxItem.business_key,
            OutboxItem.recipient,
            OutboxItem.subject,
        ),
    )
    if search.status:
        query = query.where(col(OutboxItem.status) == OutboxStatus(search.status))
    sort = search.sort or "-created_at"
    return await ops_lists.numbered(
        ctx, ops_lists.order(query, _OUTBOX_SORTS, sort, col(OutboxItem.id)), number
    )


def _found(q: str, *columns: Any) -> list[ColumnElement[bool]]:
    text = q.strip().lower()
    if not text:
        return []
    return [or_(*(func.lower(one).contains(text, autoescape=True) for one in columns))]
