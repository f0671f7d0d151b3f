"""Whatever leaves: jobs to start and mails to send, written in the transaction of the change."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select

from app.core.errors import ConflictError
from app.core.ids import new_id
from app.rules.backoff import delay
from app.services.context import Context
from app.services.ports import JobName
from models.exchange import OutboxItem, OutboxKind, OutboxStatus
from models.person import Role

SEALED = "sealed"
"""Where a mail's payload keeps its secrets; a mail that has some is not kept as rendered."""
MAIL_SECRETS = "mail secrets"


MANY = 500
"""Rows of one insert, well below what a statement may bind."""


async def enqueue(
    ctx: Context,
    job: JobName,
    key: str,
    *,
    tenant_id: UUID | None = None,
    not_before: dt.datetime | None = None,
    **payload: Any,
) -> None:
    """Start a job once this transaction is durable; the same (job, key) starts only once ever.

    ``payload`` must be JSON. ``not_before`` is an instant of the product's clock.
    """
    await _add(ctx, OutboxKind.JOB, f"{job}:{key}", job, tenant_id, not_before, payload=payload)


async def enqueue_many(
    ctx: Context, job: JobName, jobs: Sequence[tuple[str, UUID | None, Mapping[str, Any]]]
) -> None:
    """Start jobs given as ``(key, tenant, payload)`` in this order, in few statements.

    The rest is as with ``enqueue``.
    """
    now = ctx.now()
    rows = [
        _values(now, OutboxKind.JOB, f"{job}:{key}", job, tenant_id, payload=dict(payload))
        for key, tenant_id, payload in jobs
    ]
    for row, id_ in zip(rows, sorted(new_id() for _ in rows), strict=True):
        row["id"] = id_  # ids of one moment are in no order of their own, and the order is theirs
    for start in range(0, len(rows), MANY):
        part = rows[start : start + MANY]
        await ctx.db.execute(insert_or_ignore(ctx, OutboxItem, part, "kind", "business_key"))


async def mail(
    ctx: Context,
    template: str,
    *,
    to: str,
    key: str,
    params: Mapping[str, Any],
    tenant_id: UUID | None = None,
    locale: str = "en",
    attachments: Sequence[UUID] = (),
    secrets: Mapping[str, str] | None = None,
) -> None:
    """Send one mail to one address once this transaction is durable; one mail a key, ever.

    ``template`` and ``params`` are those of ``app.documents.mail``; ``attachments`` are ids of
    stored files, so that the mail carries the very bytes that were stored. ``secrets`` are further
    params that may not be read in the table, such as a link that lets somebody in.
    """
    payload = dict(params)
    if secrets:
        sealed = ctx.keyring.seal(json.dumps(dict(secrets)).encode(), purpose=MAIL_SECRETS)
        payload[SEALED] = base64.b64encode(sealed).decode()
    await _add(
        ctx,
        OutboxKind.MAIL,
        key,
        template,
        tenant_id,
        None,
        recipient=to,
        locale=locale,
        payload=payload,
        attachments=[str(one) for one in attachments],
    )


async def copy(ctx: Context, item: OutboxItem, once: str) -> UUID | None:
    """Send a mail's words and files as a mail of its own; None when it was under this name before."""
    values = _values(
        ctx.now(),
        OutboxKind.MAIL,
        f"{item.business_key[:150]}/again/{item.id}/{once}",
        item.name,
        item.tenant_id,
        recipient=item.recipient,
        locale=item.locale,
        payload=dict(item.payload),
        attachments=list(item.attachments),
    )
    insert = insert_or_ignore(ctx, OutboxItem, values, "kind", "business_key")
    return await ctx.db.scalar(insert.returning(col(OutboxItem.id)))


def mail_params(ctx: Context, item: OutboxItem) -> dict[str, Any]:
    """Return a mail's params with its secrets opened, to render and send it; never store them."""
    params: dict[str, Any] = dict(item.payload)
    sealed = params.pop(SEALED, "")
    if sealed:
        opened = ctx.keyring.unseal(base64.b64decode(sealed), purpose=MAIL_SECRETS)
        params |= json.loads(opened)
    return params


async def _add(
    ctx: Context,
    kind: OutboxKind,
    key: str,
    name: str,
    tenant_id: UUID | None,
    not_before: dt.datetime | None,
    **columns: Any,
) -> None:
    values = _values(ctx.now(), kind, key, name, tenant_id, **columns)
    values["next_at"] = not_before or values["next_at"]
    await ctx.db.execute(insert_or_ignore(ctx, OutboxItem, values, "kind", "business_key"))


def _values(
    now: dt.datetime,
    kind: OutboxKind,
    key: str,
    name: str,
    tenant_id: UUID | None,
    **columns: Any,
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "kind": kind,
        "business_key": key,
        "name": name,
        "tenant_id": tenant_id,
        "recipient": "",
        "subject": "",
        "locale": "en",
        "payload": {},
        "attachments": [],
        "status": OutboxStatus.QUEUED,
        "attempts": 0,
        "error": "",
        "created_at": now,
        "next_at": now,
        **columns,
    }


def insert_or_ignore(
    ctx: Context,
    model: type[Any],
    values: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    *unique: str,
) -> Any:
    """Return an insert that does nothing where the unique columns are already taken."""
    dialect = sqlite if ctx.db.get_bind().dialect.name == "sqlite" else postgresql
    return (
        dialect.insert(model.__table__).values(values).on_conflict_do_nothing(index_elements=unique)
    )


MAX_ATTEMPTS = 8
FIRST_WAIT, LONGEST_WAIT = dt.timedelta(seconds=30), dt.timedelta(hours=6)
"""Tries of one job or mail before somebody has to look at it."""


async def due(ctx: Context, kind: OutboxKind, limit: int) -> list[OutboxItem]:
    """Return what should leave now, fairly: the oldest of every tenant before anybody's second.

    One customer with a thousand items delays nobody else's first, and what belongs to nobody, such
    as a notification that came in, waits for no customer.
    """
    ctx.require_system()
    whose = func.coalesce(col(OutboxItem.tenant_id), col(OutboxItem.id))
    turn = func.row_number().over(partition_by=whose, order_by=col(OutboxItem.id)).label("turn")
    waiting = (
        select(col(OutboxItem.id), turn)
        .where(
            col(OutboxItem.kind) == kind,
            col(OutboxItem.status) == OutboxStatus.QUEUED,
            col(OutboxItem.next_at) <= ctx.now(),
        )
        .subquery()
    )
    query = (
        select(OutboxItem)
        .join(waiting, waiting.c.id == col(OutboxItem.id))
        .order_by(waiting.c.turn, col(OutboxItem.tenant_id).is_not(None), col(OutboxItem.id))
        .limit(limit)
    )
    return list((await ctx.db.scalars(query)).all())


async def mark_started(ctx: Context, started: Sequence[tuple[UUID, int]]) -> None:
    """Note that the workflows of these (item, attempt) exist.

    One that ended meanwhile, or already waits for its next attempt, is left as it is.
    """
    ctx.require_system()
    same = tuple_(col(OutboxItem.id), col(OutboxItem.attempts)).in_(list(started))
    await ctx.db.execute(
        update(OutboxItem)
        .where(same, col(OutboxItem.status) == OutboxStatus.QUEUED)
        .values(status=OutboxStatus.SENDING)
    )


async def finish_job(ctx: Context, item_id: str, *, error: str, may_retry: bool) -> None:
    """Note how a job ended: done, to be tried again with back-off, or failed for good."""
    ctx.require_system()
    item = await ctx.get_any(OutboxItem, UUID(item_id), lock=True)
    item.error = error[:500]
    if not error:
        item.status, item.sent_at = OutboxStatus.SENT, ctx.now()
        return
    item.attempts += 1
    if may_retry and item.attempts < MAX_ATTEMPTS:
        item.status = OutboxStatus.QUEUED
        item.next_at = ctx.now() + delay(item.attempts, FIRST_WAIT, LONGEST_WAIT)
    else:
        item.status = OutboxStatus.FAILED


def refuse_if_tried(attempts: int, seen: int | None) -> None:
    """Refuse to repeat what was tried since it was seen; ``None`` repeats it anyway."""
    if seen is not None and seen != attempts:
        raise ConflictError("It was tried again meanwhile.", reason="tried_meanwhile")


async def retry(ctx: Context, item_id: UUID, *, seen: int | None = None) -> None:
    """Let operations send a failed job or mail once more.

    ``seen`` are the attempts that whoever asks saw, so that asking twice sends once. Raises
    ``ConflictError`` for what is under way or done.
    """
    ctx.require_ops(Role.OPS_OPERATOR)
    item = await ctx.get_any(OutboxItem, item_id, lock=True)
    refuse_if_tried(item.attempts, seen)
    if item.status not in (OutboxStatus.FAILED, OutboxStatus.QUEUED, OutboxStatus.SUPPRESSED):
        raise ConflictError(f"This is {item.status}; there is nothing to repeat.")
    item.status, item.next_at, item.attempts = OutboxStatus.QUEUED, ctx.now(), item.attempts + 1
    ctx.audit(
        "ops.outbox_retried",
        tenant_id=item.tenant_id,
        subject=("outbox_item", item.id),
        body={"name": item.name},
    )


async def in_flight(ctx: Context) -> int:
    """Count jobs and mails that are due or running, and notifications not handled yet."""
    now = ctx.now()
    busy = or_(
        col(OutboxItem.status) == OutboxStatus.SENDING,
        (col(OutboxItem.status) == OutboxStatus.QUEUED) & (col(OutboxItem.next_at) <= now),
    )
    return await ctx.db.scalar(select(func.count()).select_from(OutboxItem).where(busy)) or 0
