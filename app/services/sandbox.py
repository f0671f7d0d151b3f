"""The sandbox's clock: it only moves forward, and everything that falls due runs."""

from __future__ import annotations

import datetime as dt

from app.core.clock import wall_now
from app.core.errors import ConflictError, InvalidInputError, NotFoundError
from app.services.context import ActorKind, Context
from models.installation import ClockOffset
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
        ctx.db.add(ClockOffset(id=1, micros=micros))
    else:
        row.micros = max(row.micros, micros)
    if note:
        ctx.audit("ops.clock_moved", body={"to": to.isoformat()})
