"""Sums of the gateway's calls: whole days from the fold, what is newer or no whole day from the calls themselves."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Subquery,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    type_coerce,
    union_all,
)
from sqlmodel import col

from app.rules.gateway import CallStatus
from app.services.call_folding import STREAM
from app.services.context import Context
from models.agent import AgentCall, CallDay
from models.usage import UsageFold

_DAY: Final = dt.timedelta(days=1)
_POSITION: Final = select(func.max(col(UsageFold.position))).where(col(UsageFold.stream) == STREAM)


@dataclass(frozen=True, slots=True)
class DayCalls:
    """Calls of one day that had one action and ended in one way; no action is one that there is not."""

    tenant_id: UUID
    day: dt.date
    action: str
    status: CallStatus
    is_billable: bool
    is_charged: bool
    calls: int


@dataclass(frozen=True, slots=True)
class ActionCalls:
    """How the calls of one action ended; no action is one that there is not."""

    action: str
    calls: int
    successful: int
    billable: int
    charged: int


def by_action(days: Iterable[DayCalls]) -> list[ActionCalls]:
    """Sum the calls of each action, those called most first."""
    sums: dict[str, Counter[str]] = {}
    for one in days:
        of = sums.setdefault(one.action, Counter())
        of["calls"] += one.calls
        of["successful"] += one.calls if one.status is CallStatus.SUCCESS else 0
        of["billable"] += one.calls if one.is_billable else 0
        of["charged"] += one.calls if one.is_charged else 0
    found = [
        ActionCalls(action, of["calls"], of["successful"], of["billable"], of["charged"])
        for action, of in sums.items()
    ]
    return sorted(found, key=lambda one: (-one.calls, one.action))


async def totals(
    ctx: Context,
    tenant_ids: Collection[UUID],
    start: dt.datetime,
    end: dt.datetime,
    action_prefix: str = "",
) -> dict[UUID, tuple[int, int, int, int]]:
    """Return all, successful, billable and charged calls in ``[start, end)`` of tenants that made some.

    Not checked whose they are: callers see to it.
    """

    def summed(calls: Subquery) -> Any:
        succeeded = calls.c.status == CallStatus.SUCCESS
        query = select(
            calls.c.tenant_id,
            func.sum(calls.c.calls),
            _sum_where(calls, succeeded),
            _sum_where(calls, succeeded & calls.c.is_billable),
            _sum_where(calls, calls.c.is_charged),
        ).group_by(calls.c.tenant_id)
        if not action_prefix:
            return query
        return query.where(calls.c.action.startswith(action_prefix, autoescape=True))

    found = await _read(ctx, tenant_ids, start, end, summed)
    return {row[0]: tuple(map(int, row[1:5])) for row in found}  # type: ignore[misc]


async def rows(
    ctx: Context, tenant_ids: Collection[UUID], start: dt.datetime, end: dt.datetime
) -> list[DayCalls]:
    """Return the calls in ``[start, end)`` by day, action and outcome, the oldest day first.

    Not checked whose they are: callers see to it.
    """

    def grouped(calls: Subquery) -> Any:
        keys = [column for column in calls.c if column.name != "calls"]
        query = select(*keys, func.sum(calls.c.calls)).group_by(*keys)
        return query.order_by(calls.c.day, calls.c.action, calls.c.status)

    found = await _read(ctx, tenant_ids, start, end, grouped)
    return [DayCalls(*row[:6], calls=int(row[6])) for row in found]


async def _read(
    ctx: Context,
    tenant_ids: Collection[UUID],
    start: dt.datetime,
    end: dt.datetime,
    query: Any,
) -> list[Any]:
    """Return the rows of a query over the calls in ``[start, end)``.

    The position of the fold is a plain number in the statement, which so reads the few newer calls by
    their numbers; should the fold have moved in between, the statement says so and is asked again.
    """
    while True:
        position = await ctx.db.scalar(_POSITION) or 0
        found = query(_calls(ctx, tenant_ids, start, end, position))
        result = await ctx.db.execute(found.add_columns(_POSITION.scalar_subquery()))
        read = result.all()
        if all((row[-1] or 0) == position for row in read):
            return list(read)


def _calls(
    ctx: Context, tenant_ids: Collection[UUID], start: dt.datetime, end: dt.datetime, position: int
) -> Subquery:
    whole, until = _whole_days(start, end)
    mine = col(AgentCall.tenant_id).in_(tenant_ids)
    at = col(AgentCall.at)
    if whole >= until:
        return _each(ctx).where(mine, at >= start, at < end).subquery()
    folded = select(
        col(CallDay.tenant_id),
        col(CallDay.day),
        col(CallDay.action),
        col(CallDay.status),
        col(CallDay.is_billable),
        col(CallDay.is_charged),
        col(CallDay.calls),
    ).where(
        col(CallDay.tenant_id).in_(tenant_ids),
        col(CallDay.day) >= whole.date(),
        col(CallDay.day) < until.date(),
    )
    newer = _each(ctx).where(mine, col(AgentCall.seq) > literal(position), at >= whole, at < until)
    parts = [folded, newer]
    if start < whole or until < end:
        ends = or_(and_(at >= start, at < whole), and_(at >= until, at < end))
        parts.append(_each(ctx).where(mine, ends))
    return union_all(*parts).subquery()


def _each(ctx: Context) -> Any:
    """Select calls one by one, in the shape of a day's sums."""
    is_sqlite = ctx.db.get_bind().dialect.name == "sqlite"
    at = col(AgentCall.at)
    day = func.date(at) if is_sqlite else func.date(func.timezone("UTC", at))
    return select(
        col(AgentCall.tenant_id),
        type_coerce(day, Date).label("day"),
        case((col(AgentCall.pack) == "", ""), else_=col(AgentCall.action)).label("action"),
        col(AgentCall.status),
        col(AgentCall.is_billable),
        col(AgentCall.is_charged),
        literal(1).label("calls"),
    )


def _whole_days(start: dt.datetime, end: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Return where the whole UTC days of a period begin and end; none when that is the same or turned round."""
    until = end.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begin = start.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (begin if begin == start else begin + _DAY), until


def _sum_where(calls: Subquery, condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, calls.c.calls), else_=0))
