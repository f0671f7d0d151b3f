"""Usage events from the platform: stored durably, once each, all of a batch or none of it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg
from sqlalchemy import select
from sqlmodel import col

from app.core.errors import ConflictError, ForbiddenError, InvalidInputError
from app.core.money import Money
from app.rules import omni
from app.services.context import ActorKind, Context
from app.services.outbox import insert_or_ignore
from models.usage import UsageEvent

OLDEST: Final = dt.timedelta(days=35)
AHEAD: Final = dt.timedelta(minutes=5)
"""How far an event's time may lie from the product's clock."""


@dataclass(frozen=True, slots=True)
class Stored:
    """How many events of a batch were new, and how many were there already."""

    inserted: int
    duplicates: int


class _Row(NamedTuple):
    """What tells one event from another under the same id."""

    type: str
    occurred_at: dt.datetime
    data: str


# One statement is one transaction and one round trip. An id that is there already passes when it
# is the very same event; another event under it would get a NULL that the column refuses, and so
# takes the whole batch back. The ids come sorted, so that two batches cannot wait for each other.
_INSERT: Final = """
WITH stored AS (
  INSERT INTO usage_event (source_id, event_id, type, occurred_at, data, received_at)
  SELECT %s, one.id, one.type, one.at, one.data, %s
  FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::text[]) AS one (id, type, at, data)
  ON CONFLICT (source_id, event_id) DO UPDATE SET type = NULL
  WHERE (usage_event.type, usage_event.occurred_at, usage_event.data)
    <> (excluded.type, excluded.occurred_at, excluded.data)
  RETURNING 1
)
SELECT count(*) FROM stored
"""


async def store(ctx: Context, events: Sequence[Mapping[str, Any]]) -> Stored:
    """Store a batch; durable when it returns.

    Each event is ``{id, type, time, data}`` of the shape that ``POST /v1/events`` describes, its
    time as RFC 3339. Raises ``InvalidInputError`` for a time or a value out of bounds and
    ``ConflictError`` for an id whose content is another, both with the ``index`` of the event.
    """
    if ctx.actor.kind is not ActorKind.PLATFORM_TOKEN:
        raise ForbiddenError("Only the platform sends events.")
    rows = _distinct(events, ctx.now())
    source = UUID(ctx.actor.id)
    if ctx.express is None:
        inserted = await _insert(ctx, source, rows)
    else:
        inserted = await _insert_at_once(ctx, source, rows)
    if inserted is None:
        raise await _conflict(ctx, source, events, rows)
    return Stored(inserted, len(events) - inserted)


def _distinct(events: Sequence[Mapping[str, Any]], now: dt.datetime) -> dict[str, _Row]:
    oldest, newest = now - OLDEST, now + AHEAD
    rows: dict[str, _Row] = {}
    for index, event in enumerate(events):
        try:
            at = dt.datetime.fromisoformat(event["time"])
        except ValueError as error:
            raise _invalid(index, "time", str(error)) from error
        if not oldest <= at <= newest:
            problem = "must be at most 35 days old and 5 minutes ahead"
            raise _invalid(index, "time", problem)
        row = _Row(event["type"], at, _canonical(index, event["data"]))
        if rows.setdefault(event["id"], row) != row:
            raise _clash(index)
    return rows


def _canonical(index: int, data: Mapping[str, str]) -> str:
    """Return the data as it is stored: ids bare, amounts in one spelling, keys in order."""
    if len(data) == 1:
        return f'{{"actor_omni":"{data["actor_omni"][-64:]}"}}'
    clean = dict(data)
    try:
        amount = Money.of(data["amount"], data["currency"])
    except ValueError as error:
        raise _invalid(index, "data.amount", str(error)) from error
    if amount.micros <= 0:
        raise _invalid(index, "data.amount", "must be positive")
    clean["amount"] = amount.text()
    if "user_omni" in clean:
        clean["user_omni"] = omni.normalise_omni(clean["user_omni"])
    return json.dumps(clean, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


async def _insert_at_once(ctx: Context, source: UUID, rows: Mapping[str, _Row]) -> int | None:
    assert ctx.express is not None  # noqa: S101 - the caller asked
    ids = sorted(rows)
    in_order = [rows[id_] for id_ in ids]
    params = (
        source,
        ctx.now(),
        ids,
        [row.type for row in in_order],
        [row.occurred_at for row in in_order],
        [row.data for row in in_order],
    )
    try:
        return (await ctx.express.run(_INSERT, params))[0][0]
    except psycopg.errors.NotNullViolation:
        return None


async def _insert(ctx: Context, source: UUID, rows: Mapping[str, _Row]) -> int | None:
    """Insert where one writer at a time holds the database, so that looking first is safe."""
    known = await _known(ctx, source, list(rows))
    if any(known[id_] != rows[id_] for id_ in known):
        return None
    new = [
        {
            "source_id": source,
            "event_id": id_,
            "received_at": ctx.now(),
            **row._asdict(),
        }
        for id_, row in rows.items()
        if id_ not in known
    ]
    if new:
        await ctx.db.execute(insert_or_ignore(ctx, UsageEvent, new, "source_id", "event_id"))
    return len(new)


async def _known(ctx: Context, source: UUID, ids: Sequence[str]) -> dict[str, _Row]:
    found = await ctx.db.execute(
        select(
            col(UsageEvent.event_id),
            col(UsageEvent.type),
            col(UsageEvent.occurred_at),
            col(UsageEvent.data),
        ).where(col(UsageEvent.source_id) == source, col(UsageEvent.event_id).in_(ids))
    )
    return {id_: _Row(kind, at, data) for id_, kind, at, data in found}


async def _conflict(
    ctx: Context, source: UUID, events: Sequence[Mapping[str, Any]], rows: Mapping[str, _Row]
) -> ConflictError:
    known = await _known(ctx, source, list(rows))
    for index, event in enumerate(events):
        id_ = event["id"]
        if id_ in known and known[id_] != rows[id_]:
            return _clash(index)
    return ConflictError("An event was changed meanwhile.", reason="event_conflict")


def _clash(index: int) -> ConflictError:
    return ConflictError(
        f"Event {index} has the id of another event.", reason="event_conflict", index=index
    )


def _invalid(index: int, field: str, problem: str) -> InvalidInputError:
    return InvalidInputError(
        f"Event {index} is not valid: {field} {problem}.",
        fields=[(f"events.{index}.{field}", problem)],
        index=index,
    )
