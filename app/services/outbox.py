"""Whatever leaves: jobs to start and mails to send, written in the transaction of the change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite

from app.core.ids import new_id
from app.services.context import Context
from app.services.ports import JobName
from models.exchange import OutboxItem, OutboxKind, OutboxStatus


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
) -> None:
    """Send one mail to one address once this transaction is durable; one mail a key, ever.

    ``template`` and ``params`` are those of ``app.documents.mail``; ``attachments`` are ids of
    stored files, so that the mail carries the very bytes that were stored.
    """
    await _add(
        ctx,
        OutboxKind.MAIL,
        key,
        template,
        tenant_id,
        None,
        recipient=to,
        locale=locale,
        payload=dict(params),
        attachments=[str(one) for one in attachments],
    )


async def _add(
    ctx: Context,
    kind: OutboxKind,
    key: str,
    name: str,
    tenant_id: UUID | None,
    not_before: dt.datetime | None,
    **columns: Any,
) -> None:
    now = ctx.now()
    values: dict[str, Any] = {
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
        "next_at": not_before or now,
        **columns,
    }
    await ctx.db.execute(insert_or_ignore(ctx, OutboxItem, values, "kind", "business_key"))


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
