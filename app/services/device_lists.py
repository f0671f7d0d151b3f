"""Looking at devices: search, filter, sort, pages, activity and the CSV export."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    SQLColumnExpression,
    and_,
    func,
    literal,
    not_,
    or_,
    select,
)
from sqlmodel import col

from app.core import csv_text
from app.core.clock import to_rfc3339
from app.core.csv_text import Cell
from app.core.errors import InvalidInputError
from app.rules import activity as rules
from app.rules.statuses import DeviceStatus
from app.services import paging
from app.services.context import Context
from models.base import UtcDateTime
from models.device import Device
from models.usage import DeviceDay

_NEVER: Final = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
_SORTS: Final[dict[str, SQLColumnExpression[Any]]] = {
    "registered_at": col(Device.registered_at),
    "last_active_at": func.coalesce(
        col(Device.last_active_at), literal(_NEVER, UtcDateTime()), type_=UtcDateTime()
    ),
    "device_id": col(Device.device_id),
}
_COLUMNS: Final = (
    "device_id",
    "user_omni",
    "actor_omni",
    "generation",
    "status",
    "registered_at",
    "last_active_at",
    "released_at",
)
_EXPORT_ROWS: Final = 500


@dataclass(frozen=True, slots=True)
class Search:
    """What to show of a vendor's devices.

    ``q`` is found anywhere in the device id, the user or the actor. ``active_within`` are days.
    ``sort`` is ``registered_at``, ``last_active_at`` or ``device_id``, with ``-`` for descending.
    """

    q: str = ""
    status: DeviceStatus | None = None
    active_within: int | None = None
    sort: str = "-registered_at"


async def list_page(
    ctx: Context,
    search: Search | None = None,
    *,
    cursor: str | None = None,
    offset: int | None = None,
    limit: int = paging.DEFAULT_LIMIT,
) -> paging.Page[Device]:
    """Return one page of the acting tenant's devices.

    With ``cursor`` (or neither) the page says where the next one begins and is stable under
    inserts; with ``offset`` it says how many there are in all.
    """
    search = search or Search()
    key, down = _sort(search.sort)
    query = _matching(ctx, search)
    total = None
    if offset is not None:
        total = await ctx.db.scalar(
            select(func.count()).select_from(query.with_only_columns(col(Device.id)).subquery())
        )
    elif cursor:
        query = query.where(_after(search.sort, cursor))
    order = (key.desc(), col(Device.id).desc()) if down else (key, col(Device.id))
    found = (await ctx.db.scalars(query.order_by(*order).offset(offset).limit(limit + 1))).all()
    rows = found[:limit]
    more = offset is None and len(found) > limit
    return paging.Page(rows, _cursor(search.sort, rows[-1]) if more else None, total)


async def export_csv(ctx: Context, search: Search | None = None) -> AsyncGenerator[str]:
    """Yield the matching devices as CSV, a chunk of lines at a time; the first has the headings."""
    yield csv_text.lines([_COLUMNS])
    cursor: str | None = None
    while True:
        page = await list_page(ctx, search, cursor=cursor, limit=_EXPORT_ROWS)
        if page.rows:
            yield csv_text.lines([_fields(one, ctx.now()) for one in page.rows])
        cursor = page.next_cursor
        if cursor is None:
            return


async def activity(ctx: Context, device_pk: UUID, *, days: int = 90) -> list[tuple[dt.date, int]]:
    """Return (day, authority events) of one device, oldest first, days without any left out."""
    device = await ctx.get_mine(Device, device_pk)
    rows = await ctx.db.execute(
        select(col(DeviceDay.day), col(DeviceDay.events))
        .where(
            col(DeviceDay.device_pk) == device.id,
            col(DeviceDay.day) > ctx.now().date() - dt.timedelta(days=days),
        )
        .order_by(col(DeviceDay.day))
    )
    return [(day, events) for day, events in rows]


def _matching(ctx: Context, search: Search) -> Select[Any]:
    query = ctx.mine(Device)
    if search.q:
        wanted = search.q.strip().lower().removeprefix("0x")
        query = query.where(
            or_(
                func.lower(col(Device.device_id)).contains(wanted, autoescape=True),
                col(Device.user_omni).contains(wanted, autoescape=True),
                col(Device.actor_omni).contains(wanted, autoescape=True),
            )
        )
    if search.status is not None:
        query = query.where(has_status(search.status, ctx.now()))
    if search.active_within is not None:
        since = ctx.now() - dt.timedelta(days=search.active_within)
        query = query.where(col(Device.last_active_at) >= since)
    return query


def has_status(status: DeviceStatus, now: dt.datetime) -> ColumnElement[bool]:
    """Return the condition for a status: ``rules.activity.device_status``, said to the database."""
    released = col(Device.released_at).is_not(None)
    if status is DeviceStatus.RELEASED:
        return released
    first, _ = rules.running_days(now)
    since = dt.datetime.combine(first, dt.time(), dt.UTC)
    active = func.coalesce(col(Device.last_active_at) >= since, False)
    return and_(not_(released), active if status is DeviceStatus.ACTIVE else not_(active))


def _sort(sort: str) -> tuple[SQLColumnExpression[Any], bool]:
    key = _SORTS.get(sort.removeprefix("-"))
    if key is None:
        problem = f"must be one of {', '.join(_SORTS)}, with - for descending"
        raise InvalidInputError(f"The sort {problem}.", fields=[("sort", problem)])
    return key, sort.startswith("-")


def _cursor(sort: str, row: Device) -> str:
    value = getattr(row, sort.removeprefix("-"))
    if value is None:
        value = _NEVER
    key = to_rfc3339(value) if isinstance(value, dt.datetime) else value
    return paging.encode_cursor(sort, key, row.id)


def _after(sort: str, cursor: str) -> ColumnElement[bool]:
    key, down = _sort(sort)
    value, id_ = paging.decode_cursor(cursor, sort)
    read = paging.text if sort.removeprefix("-") == "device_id" else paging.instant
    return paging.after(key, read(value), col(Device.id), id_, down=down)


def _fields(row: Device, now: dt.datetime) -> tuple[Cell, ...]:
    return (
        row.device_id,
        row.user_omni,
        row.actor_omni,
        row.generation,
        rules.device_status(row.last_active_at, row.released_at, now),
        row.registered_at,
        row.last_active_at,
        row.released_at,
    )
