"""The acting agent's calls one by one: the newest first, those behind an invoice, and all as CSV."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, literal, tuple_
from sqlmodel import col

from app.core import csv_text
from app.rules.gateway import CallerType, CallStatus
from app.services import agents, credentials, invoices
from app.services.context import Context
from models.agent import AgentCall

LONGEST: Final = dt.timedelta(days=366)
"""How far back the list goes."""
LAST_PAGE: Final = 400
"""How deep the list can be walked; what is older is found by its day or in the CSV file."""
_CHUNK: Final = 500
_COLUMNS: Final = (
    "time",
    "action",
    "status",
    "code",
    "error",
    "latency_ms",
    "billable",
    "charged",
    "dry_run",
    "replay",
    "caller",
    "key",
    "request_id",
    "request_hash",
    "idempotency_key",
)


@dataclass(frozen=True, slots=True)
class CallSearch:
    """Which calls; an empty text means any."""

    days: int = 30
    status: CallStatus | None = None
    action: str = ""


@dataclass(frozen=True, slots=True)
class CallPage:
    """Some calls, and whether older ones follow."""

    rows: Sequence[AgentCall]
    has_more: bool


async def list_page(ctx: Context, search: CallSearch, *, number: int = 1, size: int) -> CallPage:
    """Return a page of the acting agent's calls, the newest first; ``number`` counts from 1."""
    await agents.reading(ctx)
    start = (max(1, min(number, LAST_PAGE)) - 1) * size
    query = _found(ctx, search).offset(start).limit(size + 1)
    rows = (await ctx.db.scalars(query)).all()
    return CallPage(rows[:size], len(rows) > size and number < LAST_PAGE)


async def get(ctx: Context, call_id: UUID) -> AgentCall:
    """Return one of the acting agent's calls; somebody else's looks like none."""
    await agents.reading(ctx)
    return await ctx.get_mine(AgentCall, call_id)


async def charged_for(
    ctx: Context, invoice_id: UUID, *, number: int = 1, size: int
) -> Sequence[AgentCall]:
    """Return a page of the calls that an invoice of the acting agent charges, the oldest first."""
    await agents.reading(ctx)
    invoice = await invoices.visible(ctx, invoice_id)
    start, end = (
        dt.datetime.combine(day, dt.time(), dt.UTC)
        for day in (invoice.period_start, invoice.period_end)
    )
    rows = await ctx.db.scalars(
        ctx.mine(AgentCall)
        .where(
            col(AgentCall.is_charged).is_(True),
            col(AgentCall.at) >= start,
            col(AgentCall.at) < end,
        )
        .order_by(col(AgentCall.at), col(AgentCall.seq))
        .offset((max(1, number) - 1) * size)
        .limit(size)
    )
    return rows.all()


async def callers(ctx: Context) -> Mapping[str, str]:
    """Return what the acting agent's keys are called, those that ended included, by their ids."""
    keys = await credentials.list_tokens(ctx, credentials.AGENT)
    return {str(one.id): f"{one.label} ({one.prefix}…)" for one in keys}


def caller(call: AgentCall, keys: Mapping[str, str]) -> str:
    """Say who made a call."""
    if call.actor_type is CallerType.API_KEY:
        return keys.get(call.actor_id, "A key")
    return "You, at the console" if call.actor_type is CallerType.USER else "The system"


async def export_csv(ctx: Context, search: CallSearch) -> AsyncGenerator[str]:
    """Yield the acting agent's calls as CSV, a chunk of lines at a time; the first has the headings."""
    await agents.reading(ctx)
    keys = await callers(ctx)
    yield csv_text.lines([_COLUMNS])
    last: AgentCall | None = None
    while True:
        query = _found(ctx, search)
        if last is not None:
            key = tuple_(col(AgentCall.at), col(AgentCall.id))
            query = query.where(key < tuple_(*_cursor(last)))
        rows = (await ctx.db.scalars(query.limit(_CHUNK))).all()
        if rows:
            yield csv_text.lines([_fields(one, keys) for one in rows])
        if len(rows) < _CHUNK:
            return
        last = rows[-1]


def _cursor(call: AgentCall) -> tuple[Any, Any]:
    return literal(call.at, AgentCall.at.type), literal(call.id, AgentCall.id.type)  # type: ignore[attr-defined]


def _found(ctx: Context, search: CallSearch) -> Select[AgentCall]:
    since = ctx.now() - min(dt.timedelta(days=max(1, search.days)), LONGEST)
    query = ctx.mine(AgentCall).where(col(AgentCall.at) >= since)
    if search.status is not None:
        query = query.where(col(AgentCall.status) == search.status)
    if search.action:
        query = query.where(col(AgentCall.action) == search.action[:128])
    return query.order_by(col(AgentCall.at).desc(), col(AgentCall.id).desc())


def _fields(call: AgentCall, keys: Mapping[str, str]) -> Sequence[csv_text.Cell]:
    return (
        call.at,
        call.action,
        call.status,
        call.error_code,
        call.error,
        call.latency_ms,
        "yes" if call.is_billable else "no",
        "yes" if call.is_charged else "no",
        "yes" if call.is_dry_run else "no",
        "yes" if call.is_replay else "no",
        call.actor_type,
        keys.get(call.actor_id, ""),
        call.request_id,
        call.request_hash,
        call.idempotency_key,
    )
