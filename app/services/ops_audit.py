"""The audit stream of everybody, for operations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, select

from app.services.context import Context
from app.services.ops_lists import Listed, Search, found, of_tenant
from models.audit import AuditEvent
from models.person import Person
from models.tenant import Tenant

RESULTS: Final = ("success", "failure", "denied")
AREAS: Final = (
    "ops",
    "vendor",
    "agent",
    "person",
    "invoice",
    "payment",
    "billing",
    "payout",
    "device",
)
"""First words of kinds, to narrow the stream down by."""


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One act with the names of who did it and whom it concerned, where they are known."""

    event: AuditEvent
    actor: str
    tenant: str


async def get(ctx: Context, event_id: UUID) -> AuditLine:
    """Return one act whole."""
    return (await _named(ctx, [await ctx.get_any(AuditEvent, event_id)]))[0]


def _matching(ctx: Context, search: Search) -> Any:  # noqa: ARG001 - all lists are asked alike
    searched = (AuditEvent.kind, AuditEvent.subject_id, AuditEvent.actor_id, AuditEvent.ip)
    query = select(AuditEvent).where(
        *of_tenant(AuditEvent, search), *found(search.q, *searched, AuditEvent.request_id)
    )
    if search.area:
        query = query.where(col(AuditEvent.kind).startswith(search.area, autoescape=True))
    return query.where(col(AuditEvent.result) == search.status) if search.status else query


async def _lines(ctx: Context, rows: Sequence[Any]) -> list[AuditLine]:
    return await _named(ctx, [row[0] for row in rows])


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


STREAM: Final = Listed(
    "audit", _matching, _lines, {"at": col(AuditEvent.at)}, col(AuditEvent.id), RESULTS
)
