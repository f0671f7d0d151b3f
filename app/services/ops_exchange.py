"""What came in and what goes out, for operations: notifications, mails, jobs, refused addresses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from app.core.errors import ConflictError, NotFoundError
from app.core.ids import new_id
from app.services import outbox
from app.services.context import Context
from app.services.ops_lists import Listed, Search, as_they_are, found
from models.exchange import (
    InboxEvent,
    InboxStatus,
    OutboxItem,
    OutboxKind,
    OutboxStatus,
    SuppressedAddress,
)
from models.person import Role


async def providers_seen(ctx: Context) -> list[str]:
    """Return from which providers notifications ever came."""
    ctx.require_ops()
    rows = await ctx.db.scalars(select(InboxEvent.provider).distinct())
    return sorted(rows)


async def notification(ctx: Context, inbox_id: UUID) -> InboxEvent:
    """Return one notification whole."""
    return await ctx.get_any(InboxEvent, inbox_id)


async def outgoing(ctx: Context, item_id: UUID) -> OutboxItem:
    """Return one mail or job whole; what is secret in it is sealed."""
    return await ctx.get_any(OutboxItem, item_id)


async def resend(ctx: Context, item_id: UUID, *, seen: int | None = None, once: str = "") -> None:
    """Send a mail again: one that failed as it is, one that was sent as a mail of its own.

    ``seen`` are the attempts that whoever asks saw and ``once`` names the asking, so that asking
    twice sends once. Raises ``ConflictError`` ``carried_a_secret`` for a sent one whose link worked
    only once.
    """
    ctx.require_ops(Role.OPS_OPERATOR)
    item = await ctx.get_any(OutboxItem, item_id, lock=True)
    if item.kind is not OutboxKind.MAIL:
        raise NotFoundError("There is no such mail.")
    if item.status is not OutboxStatus.SENT:
        await outbox.retry(ctx, item_id, seen=seen)
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
    again = await outbox.copy(ctx, item, once or new_id().hex)
    if again is None:
        raise ConflictError("It was sent again already.", reason="sent_again")
    ctx.audit(
        "ops.mail_resent",
        tenant_id=item.tenant_id,
        subject=("outbox_item", again),
        body={"name": item.name, "to": item.recipient},
    )


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


def _inbox(ctx: Context, search: Search) -> Any:  # noqa: ARG001 - all lists are asked alike
    query = select(InboxEvent).where(
        *found(search.q, InboxEvent.kind, InboxEvent.event_id, InboxEvent.subject_ref)
    )
    if search.provider:
        query = query.where(col(InboxEvent.provider) == search.provider)
    return query.where(col(InboxEvent.status) == search.status) if search.status else query


def _outbox(kind: OutboxKind) -> Callable[[Context, Search], Any]:
    searched = (OutboxItem.name, OutboxItem.business_key, OutboxItem.recipient, OutboxItem.subject)

    def matching(ctx: Context, search: Search) -> Any:  # noqa: ARG001
        query = select(OutboxItem).where(col(OutboxItem.kind) == kind, *found(search.q, *searched))
        return query.where(col(OutboxItem.status) == search.status) if search.status else query

    return matching


def _suppressed(ctx: Context, search: Search) -> Any:  # noqa: ARG001
    return select(SuppressedAddress).where(*found(search.q, SuppressedAddress.email))


_OUTBOX_SORTS: Final[dict[str, Any]] = {
    "created_at": col(OutboxItem.created_at),
    "attempts": col(OutboxItem.attempts),
}
INBOX: Final[Listed[InboxEvent]] = Listed(
    "webhooks",
    _inbox,
    as_they_are,
    {"received_at": col(InboxEvent.received_at), "attempts": col(InboxEvent.attempts)},
    col(InboxEvent.id),
    tuple(InboxStatus),
)
MAILS: Final[Listed[OutboxItem]] = Listed(
    "mail",
    _outbox(OutboxKind.MAIL),
    as_they_are,
    _OUTBOX_SORTS,
    col(OutboxItem.id),
    tuple(OutboxStatus),
)
JOBS: Final[Listed[OutboxItem]] = Listed(
    "jobs",
    _outbox(OutboxKind.JOB),
    as_they_are,
    _OUTBOX_SORTS,
    col(OutboxItem.id),
    tuple(OutboxStatus),
)
SUPPRESSED: Final[Listed[SuppressedAddress]] = Listed(
    "suppressed",
    _suppressed,
    as_they_are,
    {"suppressed_at": col(SuppressedAddress.suppressed_at)},
    col(SuppressedAddress.email),
)
