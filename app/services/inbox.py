"""Everything that comes from outside: stored before it is acknowledged, handled after, once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from app.core.errors import ConflictError, NotFoundError
from app.core.ids import new_id
from app.rules.backoff import delay
from app.services import notifications, outbox
from app.services.context import Context
from app.services.outbox import insert_or_ignore
from app.services.ports import EventKind, JobName, ProviderEvent
from models.exchange import InboxEvent, InboxStatus
from models.person import Role

FIRST_WAIT: Final = dt.timedelta(minutes=5)
"""How long the job of a new notification may take before it counts as lost."""
FIRST_RETRY: Final = dt.timedelta(seconds=20)
LONGEST_WAIT: Final = dt.timedelta(hours=12)
"""The wait after a failure, doubled up to this."""
MAX_ATTEMPTS: Final = 14
"""Rounds before a notification is left to operations: by then it is days old."""


async def receive(
    ctx: Context, slug: str, body: bytes, headers: Mapping[str, str], now: dt.datetime
) -> str:
    """Verify and store a notification; return the body that stops its sender from repeating it.

    ``now`` is wall time. Raises ``NotFoundError`` for an address without a secret and
    ``MalformedError`` for a bad signature or body. A genuine one without meaning for us is
    acknowledged and forgotten.
    """
    async with ctx.outside() as providers:
        source = providers.source(slug)
        if source is None:
            raise NotFoundError("There is no such address.")
        event = source.parse_event(body, headers, now)
        acknowledgement = source.acknowledgement
    if event is not None:
        await store(ctx, slug, event, body)
    return acknowledgement


async def store(ctx: Context, slug: str, event: ProviderEvent, body: bytes) -> UUID | None:
    """Store a verified notification and have it handled; None when it came before."""
    values = {
        "id": new_id(),
        "provider": slug,
        "event_id": event.event_id,
        "kind": event.kind,
        "subject_ref": event.subject_ref,
        "body": body,
        "facts": dict(event.facts),
        "occurred_at": event.occurred_at,
        "received_at": ctx.now(),
        "status": InboxStatus.RECEIVED,
        "attempts": 0,
        "error": "",
        "next_at": ctx.now() + FIRST_WAIT,
    }
    insert = insert_or_ignore(ctx, InboxEvent, values, "provider", "event_id")
    stored = await ctx.db.scalar(insert.returning(col(InboxEvent.id)))
    if stored is None:
        return None
    await _enqueue(ctx, stored, 0)
    return stored


async def handle(ctx: Context, inbox_id: UUID) -> str:
    """Do what a stored notification says; handling it again changes nothing. Returns its status.

    Raises whatever stops it: then ``note_failure`` belongs in a unit of work of its own, and
    ``sweep`` starts it again when its time has come.
    """
    ctx.require_system()
    event = await ctx.get_any(InboxEvent, inbox_id)
    if event.status in (InboxStatus.DONE, InboxStatus.IGNORED):
        return event.status
    mattered = await notifications.apply(ctx, EventKind(event.kind), notifications.news_of(event))
    event = await ctx.get_any(InboxEvent, inbox_id, lock=True)
    event.status = InboxStatus.DONE if mattered else InboxStatus.IGNORED
    event.handled_at, event.next_at, event.error = ctx.now(), None, ""
    return event.status


async def note_failure(ctx: Context, inbox_id: UUID, error: BaseException) -> None:
    """Keep what stopped a notification where operations see it, and when it is tried again."""
    ctx.require_system()
    event = await ctx.get_any(InboxEvent, inbox_id, lock=True)
    if event.status in (InboxStatus.DONE, InboxStatus.IGNORED):
        return
    event.attempts += 1
    event.status = InboxStatus.FAILED
    event.error = f"{type(error).__name__}: {error}"[:500]
    wait = delay(event.attempts, FIRST_RETRY, LONGEST_WAIT)
    event.next_at = ctx.now() + wait if event.attempts < MAX_ATTEMPTS else None


async def sweep(ctx: Context, limit: int = 200) -> int:
    """Start again what is not handled although its time has come; returns how many.

    It also finds what a crash left, since a stored notification is due from its arrival on.
    """
    ctx.require_system()
    due = await ctx.db.scalars(
        select(InboxEvent)
        .where(
            col(InboxEvent.status).in_((InboxStatus.RECEIVED, InboxStatus.FAILED)),
            col(InboxEvent.next_at) <= ctx.now(),
        )
        .order_by(col(InboxEvent.received_at), col(InboxEvent.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    events = due.all()
    for event in events:
        if event.status is InboxStatus.RECEIVED:  # its first job got lost: that was a round as well
            event.attempts += 1
        event.next_at = ctx.now() + delay(event.attempts, FIRST_WAIT, LONGEST_WAIT)
        await _enqueue(ctx, event.id, event.attempts)
    return len(events)


async def replay(ctx: Context, inbox_id: UUID, *, seen: int | None = None) -> None:
    """Let operations handle a notification once more; one already done changes nothing.

    ``seen`` are the attempts that whoever asks saw, so that asking twice begins once.
    """
    ctx.require_ops(Role.OPS_OPERATOR)
    event = await ctx.get_any(InboxEvent, inbox_id, lock=True)
    outbox.refuse_if_tried(event.attempts, seen)
    if event.status is InboxStatus.DONE:
        raise ConflictError("This notification was handled.", reason="already_handled")
    event.status, event.attempts = InboxStatus.FAILED, event.attempts + 1
    event.next_at = ctx.now() + FIRST_WAIT
    await _enqueue(ctx, event.id, event.attempts)
    ctx.audit("ops.webhook_replayed", subject=("inbox_event", event.id), body={"kind": event.kind})


async def _enqueue(ctx: Context, inbox_id: UUID, attempt: int) -> None:
    await outbox.enqueue(ctx, JobName.HANDLE_INBOX, f"{inbox_id}:{attempt}", inbox_id=str(inbox_id))
