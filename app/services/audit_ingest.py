"""Calls that a runtime of its own let through: written down once each, counted and charged like ours."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, update
from sqlmodel import col, select

from app.core.errors import ConflictError, ForbiddenError, InvalidInputError
from app.core.ids import new_id
from app.rules.gateway import LONGEST_ERROR, CallerType, CallStatus, redact
from app.rules.periods import BillingMonth
from app.rules.quota import Tier
from app.services import quotas, spend_alerts
from app.services.context import ActorKind, Context
from app.services.outbox import insert_or_ignore
from models.agent import Agent, AgentCall, CallCounter, IngestedCall

OLDEST: Final = dt.timedelta(days=35)
AHEAD: Final = dt.timedelta(minutes=5)
"""How far an event's time may lie from the product's clock."""
_META: Final = ("resource_type", "resource_id", "count", "ids_created")
"""What an audit row keeps of a result: its extent, never the answer."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One call as a runtime tells of it (``contracts/identity.md``, section 11)."""

    event_id: str
    at: dt.datetime
    tenant_id: UUID
    pack: str
    action: str
    actor_id: str
    actor_type: CallerType
    request_hash: str
    status: CallStatus
    is_billable: bool
    is_dry_run: bool = False
    unit: str = ""
    error_code: str = ""
    error: str = ""
    idempotency_key: str = ""
    ip: str = ""
    latency_ms: int = 0
    result_meta: Mapping[str, Any] | None = None

    @property
    def digest(self) -> str:
        """What tells it from another event under the same id."""
        said = [
            self.at.isoformat(),
            str(self.tenant_id),
            self.action,
            self.status.value,
            self.is_billable,
            self.is_dry_run,
            self.request_hash,
        ]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()

    @property
    def counts(self) -> bool:
        """Whether it takes one of its month's calls."""
        return self.is_billable and self.status is CallStatus.SUCCESS and not self.is_dry_run


@dataclass(frozen=True, slots=True)
class Ingested:
    """How many events are kept now, and how many of them were before."""

    accepted: int
    duplicates: int


async def store(ctx: Context, events: Sequence[AuditEvent]) -> Ingested:
    """Write down calls of a runtime of its own: all of them once, or with a bad one none.

    A call is charged where its agent paid by the call at the time of the call, as far as we know.
    No limit and no budget stops it, for it is done; both count it. What is charged for and comes
    after its month is over is booked into the running one: that month is being billed or was. Raises
    ``InvalidInputError`` and ``ConflictError``, both with the ``index`` of the first bad event.
    """
    if ctx.actor.kind is not ActorKind.KERNEL_TOKEN:
        raise ForbiddenError("This needs a runtime's token.")
    agents = await _agents(ctx, {one.tenant_id for one in events})
    distinct = _checked(ctx, events, agents)
    fresh = await _claim(ctx, distinct)
    booked = [(one, *_booking(ctx, agents[one.tenant_id], one)) for one in fresh]
    if booked:
        await ctx.db.execute(insert(AgentCall), [_row(*each) for each in booked])
    taken: Counter[tuple[UUID, BillingMonth]] = Counter()
    charged: Counter[tuple[UUID, BillingMonth]] = Counter()
    for one, at, is_charged in booked:
        key = (one.tenant_id, BillingMonth.containing(at))
        taken[key] += one.counts
        charged[key] += is_charged
    for tenant_id, month in sorted(taken):
        if used := taken[tenant_id, month]:
            await _count(ctx, agents[tenant_id], month, used, charged[tenant_id, month])
    return Ingested(len(events), len(events) - len(fresh))


async def _agents(ctx: Context, ids: set[UUID]) -> dict[UUID, Agent]:
    rows = await ctx.db.scalars(select(Agent).where(col(Agent.tenant_id).in_(ids)))
    return {one.tenant_id: one for one in rows}


def _checked(
    ctx: Context, events: Sequence[AuditEvent], agents: Mapping[UUID, Agent]
) -> dict[str, AuditEvent]:
    """Return the events by their ids; refuse all of them for what is wrong with some."""
    oldest, newest = ctx.now() - OLDEST, ctx.now() + AHEAD
    distinct: dict[str, AuditEvent] = {}
    problems: list[tuple[str, str]] = []
    for index, one in enumerate(events):
        if not oldest <= one.at <= newest:
            problems.append((f"{index}.ts", "must be at most 35 days old and 5 minutes ahead"))
        if one.tenant_id not in agents:
            problems.append((f"{index}.tenant_id", "is no agent of this installation"))
        if distinct.setdefault(one.event_id, one).digest != one.digest:
            raise _clash(index)
    if problems:
        first = problems[0][0].partition(".")[0]
        raise InvalidInputError(
            f"Event {first} is not valid.", fields=problems[:20], index=int(first)
        )
    return distinct


async def _claim(ctx: Context, distinct: Mapping[str, AuditEvent]) -> list[AuditEvent]:
    """Take the ids that nobody had; returns those events. Sorted, so that two batches cannot wait for each other."""
    rows = [
        {
            "event_id": id_,
            "digest": one.digest,
            "tenant_id": one.tenant_id,
            "source_id": UUID(ctx.actor.id),
            "occurred_at": one.at,
            "received_at": ctx.now(),
        }
        for id_, one in sorted(distinct.items())
    ]
    taking = insert_or_ignore(ctx, IngestedCall, rows, "event_id")
    new = set(await ctx.db.scalars(taking.returning(col(IngestedCall.event_id))))
    if old := distinct.keys() - new:
        found = await ctx.db.execute(
            select(col(IngestedCall.event_id), col(IngestedCall.digest)).where(
                col(IngestedCall.event_id).in_(old)
            )
        )
        known = {row[0]: row[1] for row in found}
        for index, (id_, one) in enumerate(distinct.items()):
            if id_ in old and known.get(id_) != one.digest:
                raise _clash(index)
    return [one for id_, one in distinct.items() if id_ in new]


def _booking(ctx: Context, agent: Agent, one: AuditEvent) -> tuple[dt.datetime, bool]:
    """Return when a call counts, and whether it is charged for."""
    now = ctx.now()
    is_paid = (
        agent.tier is Tier.PAID
        and agent.upgraded_at is not None
        and agent.upgraded_at <= one.at
        and (agent.paid_until is None or one.at < agent.paid_until)
    )
    is_charged = one.counts and is_paid
    is_over = one.at < BillingMonth.containing(now).start
    return now if one.at > now or (is_charged and is_over) else one.at, is_charged


async def _count(ctx: Context, agent: Agent, month: BillingMonth, used: int, charged: int) -> None:
    """Count calls up together, and tell of what they came to."""
    await quotas.begin_month(ctx, agent, month)
    table = CallCounter.__table__  # type: ignore[attr-defined]
    found = await ctx.db.execute(
        update(table)
        .where(table.c.tenant_id == agent.tenant_id, table.c.period == str(month))
        .values(used=table.c.used + used, charged=table.c.charged + charged)
        .returning(table.c.used, table.c.charged, table.c.granted, table.c.budget_calls)
    )
    row: Any = found.one()
    if charged:
        await spend_alerts.after_charged(ctx, agent, month, row[1] - charged, row[1], row[3])
    limit = quotas.limit_with(ctx, agent, row[2])
    if limit is not None and month == BillingMonth.containing(ctx.now()):
        await spend_alerts.after_free(ctx, agent, month, row[0] - used, row[0], limit)


def _row(one: AuditEvent, at: dt.datetime, is_charged: bool) -> dict[str, Any]:
    meta = {key: value for key, value in (one.result_meta or {}).items() if key in _META}
    if isinstance(meta.get("ids_created"), list):
        meta["ids_created"] = meta["ids_created"][:20]
    return {
        "id": new_id(),
        "at": at,
        "tenant_id": one.tenant_id,
        "action": one.action,
        "pack": one.pack,
        "status": one.status,
        "is_billable": one.counts,
        "is_charged": is_charged,
        "unit": one.unit,
        "actor_type": one.actor_type,
        "actor_id": redact(one.actor_id),
        "request_id": one.event_id,
        "request_hash": one.request_hash,
        "idempotency_key": redact(one.idempotency_key),
        "is_dry_run": one.is_dry_run,
        "is_replay": False,
        "error_code": one.error_code,
        "error": str(redact(one.error))[:LONGEST_ERROR],
        "ip": one.ip,
        "latency_ms": one.latency_ms,
        "result_meta": redact(meta),
    }


def _clash(index: int) -> ConflictError:
    return ConflictError(
        f"Event {index} has the id of another event.", reason="event_conflict", index=index
    )
