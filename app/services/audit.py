"""Reading the audit stream: one's own for vendors, everybody's for operations."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlmodel import col

from app.core.clock import to_rfc3339
from app.services import paging
from app.services.context import Context
from models.audit import AuditEvent

_SORT = "-at"
PRIVATE = ("ops.notes_changed", "vault.opened", "executor.called", "executor.refused")
"""Kinds that concern a vendor and are none of its business: what operations wrote about it, and by which
of our secrets a provider was called.
"""
BY_STAFF = "ops."
"""What the kinds of operations' own acts begin with."""


@dataclass(frozen=True, slots=True)
class Search:
    """What to show: ``kind`` exactly, or all that begin with it when it ends in a dot or ``*``."""

    kind: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    subject_id: str = ""
    result: str = ""


async def list_page(
    ctx: Context,
    search: Search | None = None,
    *,
    cursor: str | None = None,
    offset: int | None = None,
    limit: int = paging.DEFAULT_LIMIT,
) -> paging.Page[AuditEvent]:
    """Return one page of the acting tenant's rows, newest first; with ``offset`` and their total.

    Of what operations did it tells what and when, and not which member of staff, from where.
    """
    mine = (col(AuditEvent.tenant_id) == ctx.tenant_id) & col(AuditEvent.kind).not_in(PRIVATE)
    page = await _page(
        ctx, mine, search=search or Search(), cursor=cursor, offset=offset, limit=limit
    )
    return replace(page, rows=[_without_staff(row) for row in page.rows])


async def list_any(
    ctx: Context,
    search: Search | None = None,
    *,
    tenant_id: UUID | None = None,
    cursor: str | None = None,
    offset: int | None = None,
    limit: int = paging.DEFAULT_LIMIT,
) -> paging.Page[AuditEvent]:
    """Return one page of all rows, or of one tenant's, for operations."""
    ctx.require_ops()
    whose = [col(AuditEvent.tenant_id) == tenant_id] if tenant_id else []
    return await _page(
        ctx, *whose, search=search or Search(), cursor=cursor, offset=offset, limit=limit
    )


def _without_staff(row: AuditEvent) -> AuditEvent:
    """Return a row as its tenant may read it; a copy where something is left out."""
    if not row.kind.startswith(BY_STAFF):
        return row
    told: dict[str, Any] = {**row.model_dump(), "actor_id": "", "ip": "", "request_id": ""}
    return AuditEvent(**told)


async def _page(
    ctx: Context,
    *whose: ColumnElement[bool],
    search: Search,
    cursor: str | None,
    offset: int | None,
    limit: int,
) -> paging.Page[AuditEvent]:
    query = select(AuditEvent).where(*whose, *_conditions(search))
    total = None
    if offset is not None:
        total = await ctx.db.scalar(
            select(func.count()).select_from(query.with_only_columns(col(AuditEvent.id)).subquery())
        )
    elif cursor:
        key, id_ = paging.decode_cursor(cursor, _SORT)
        query = query.where(
            paging.after(
                col(AuditEvent.at), paging.instant(key), col(AuditEvent.id), id_, down=True
            )
        )
    order = (col(AuditEvent.at).desc(), col(AuditEvent.id).desc())
    found = (await ctx.db.scalars(query.order_by(*order).offset(offset).limit(limit + 1))).all()
    rows = found[:limit]
    if offset is not None or len(found) <= limit:
        return paging.Page(rows, total=total)
    last = rows[-1]
    return paging.Page(rows, paging.encode_cursor(_SORT, to_rfc3339(last.at), last.id))


def _conditions(search: Search) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    kind = search.kind.removesuffix("*")
    if kind and (kind != search.kind or kind.endswith(".")):
        found.append(col(AuditEvent.kind).startswith(kind, autoescape=True))
    elif kind:
        found.append(col(AuditEvent.kind) == kind)
    if search.since is not None:
        found.append(col(AuditEvent.at) >= search.since)
    if search.until is not None:
        found.append(col(AuditEvent.at) < search.until)
    if search.subject_id:
        found.append(col(AuditEvent.subject_id) == search.subject_id)
    if search.result:
        found.append(col(AuditEvent.result) == search.result)
    return found
