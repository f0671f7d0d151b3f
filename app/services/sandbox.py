"""The sandbox's clock: it only moves forward, and everything that falls due runs."""

from __future__ import annotations

import datetime as dt

from app.core.clock import wall_now
from app.core.errors import ConflictError, InvalidInputError, NotFoundError
from app.services import outbox, workers
from app.services.context import ActorKind, Context
from models.installation import ClockOffset, Worker
from models.person import Role

LONGEST = dt.timedelta(days=400)


def check(ctx: Context, to: dt.datetime) -> list[dt.datetime]:
    """Return the instants to stop at on the way: every midnight UTC, then the goal.

    Only operations and the platform may ask, only in sandbox mode, only forward.
    """
    if not ctx.settings.is_sandbox:
        raise NotFoundError("There is no such address.")
    if ctx.actor.kind is not ActorKind.PLATFORM_TOKEN:
        ctx.require_ops(Role.OPS_OPERATOR)
    now = ctx.now()
    if to <= now:
        raise ConflictError("Time only moves forward.", reason="clock_moves_forward")
    if to - now > LONGEST:
        raise InvalidInputError(
            f"At most {LONGEST.days} days at once.", fields=[("to", "too far ahead")]
        )
    stops: list[dt.datetime] = []
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + dt.timedelta(days=1)
    while midnight < to:
        stops.append(midnight)
        midnight += dt.timedelta(days=1)
    return [*stops, to]


async def move(ctx: Context, to: dt.datetime, *, note: bool) -> None:
    """Set the clock to an instant that ``check`` allowed; ``note`` writes it to the audit stream."""
    if not ctx.settings.is_sandbox:
        raise NotFoundError("There is no such address.")
    row = await ctx.db.get(ClockOffset, 1, with_for_update=True)
    micros = (to - wall_now()) // dt.timedelta(microseconds=1)
    if row is None:
        ctx.db.add(ClockOffset(id=1, micros=micros, moved_to=to))
    else:
        row.micros = max(row.micros, micros)
        row.moved_to = max(row.moved_to or to, to)
    if note:
        ctx.audit("ops.clock_moved", body={"to": to.isoformat()})


async def note_settled(ctx: Context, worker_id: str, at: dt.datetime) -> None:
    """Note that a worker, looking at this instant, found nothing due and nothing running."""
    ctx.require_system()
    if not await outbox.in_flight(ctx):
        await workers.settled(ctx, worker_id, at)


async def awaits_worker(ctx: Context, worker_id: str, at: dt.datetime) -> bool:
    """Tell whether somebody moved the clock, not beyond this instant, and this worker is not done."""
    row = await ctx.db.get(ClockOffset, 1)
    if row is None or row.moved_to is None or row.moved_to > at:
        return False
    worker = await ctx.db.get(Worker, worker_id)
    return worker is None or worker.settled_at is None or worker.settled_at < row.moved_to


async def is_settled(ctx: Context, stop: dt.datetime) -> bool:
    """Tell whether the workers did all that was due at an instant and nothing runs now."""
    return await workers.have_settled(ctx, stop) and not await outbox.in_flight(ctx)
