"""The audit stream of everybody, for operations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import col, select

from app.services import ops_lists
from app.services.context import Context
from app.services.paging import Page
from models.audit import AuditEvent
from models.person import Person
from models.tenant import Tenant

RESULTS: Final = ("success", "failure", "denied")
AREAS: Final = ("ops", "vendor", "person", "invoice", "payment", "billing", "payout", "device")
"""First words of kinds, to narrow the stream down by."""


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """What to show: ``q`` is found in kinds, subjects, actors, addresses and request ids."""

    q: str = ""
    area: str = ""
    result: str = ""
    tenant_id: UUID | None = None
    since: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One act with the names of who did it and whom it concerned, where they are known."""

    event: AuditEvent
    actor: str
    tenant: str


async def list_page(
    ctx: Context, search: AuditSearch, number: int = 1, *, size: int = ops_lists.SIZE
) -> Page[AuditLine]:
    """Return one page of the stream, the newest first."""
    query = (
        select(AuditEvent)
        .where(*_matching(search))
        .order_by(col(AuditEvent.at).desc(), col(AuditEvent.id).desc())
    )
    page = await ops_lists.numbered(ctx, query, number, size=size)
    return Page(await _named(ctx, page.rows), total=page.total)


async def get(ctx: Context, event_id: UUID) -> AuditLine:
    """Return one act whole."""
    return (await _named(ctx, [await ctx.get_any(AuditEvent, event_id)]))[0]


def _matching(search: AuditSearch) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    text = search.q.strip().lower()
    if text:
        columns = (
            AuditEvent.kind,
            AuditEvent.subject_id,
            AuditEvent.actor_id,
            AuditEvent.ip,
            AuditEvent.request_id,
        )
        found.append(
            or_(*(func.lower(col(one)).contains(text, autoescape=True) for one in columns))
        )
    if search.area:
        found.append(col(AuditEvent.kind).startswith(search.area, autoescape=True))
    if search.result:
        found.append(col(AuditEvent.result) == search.result)
    if search.tenant_id is not None:
        found.append(col(AuditEvent.tenant_id) == search.tenant_id)
    if search.since is not None:
        found.append(col(AuditEvent.at) >= search.since)
    return found


async def _named(ctx: Context, events: Sequence[AuditEvent]) -> list[AuditLine]:
    tenants = await ctx.db.execute(
        select(Tenant.id, Tenant.display_name, Tenant.email).where(
            col(Tenant.id).in_({one.tenant_id for one in events if one.tenant_id})
        )
    )
    called = {id_: name or email for id_, name, email in tenants}
    people = await ctx.db.execute(
        select(Person.id, Person.email).where(
            col(Person.id).in_({UUID(one.actor_id) for one in events if _is_person(one)})
        )
    )
    known = {str(id_): email for id_, email in people}
    return [
        AuditLine(
            one,
            known.get(one.actor_id, one.actor_kind.replace("_", " ")),
            called.get(one.tenant_id, "") if one.tenant_id else "",
        )
        for one in events
    ]


def _is_person(event: AuditEvent) -> bool:
    return event.actor_kind == "person" and len(event.actor_id) == 36
