"""Calls that are on their way elsewhere: taken before they leave, then settled or given back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import col, select

from app.core.clock import wall_now
from app.core.errors import UnavailableError
from app.core.ids import new_id
from app.rules.forwarding import MOST_SECONDS
from app.rules.gateway import CallStatus, Code
from app.rules.periods import BillingMonth
from app.services.context import Context
from models.agent import AgentCall, CallCounter, CallReservation

LIFE: Final = dt.timedelta(seconds=4 * MOST_SECONDS)
"""After this much wall time a call still on its way is taken for dead: its process ended."""
MANY: Final = 200
LOST: Final = "The process ended before the answer came."


async def reserve(
    ctx: Context, call: Mapping[str, Any], *, is_counted: bool, is_charged: bool
) -> UUID:
    """Note that a call is on its way, with what its audit row would say if nobody came back.

    Its month, and whether it is charged for, are those of now, whenever it ends.
    """
    begun = AgentCall(**call)
    row = CallReservation(
        id=new_id(),
        tenant_id=ctx.tenant_id,
        period=str(BillingMonth.containing(begun.at)),
        is_counted=is_counted,
        is_charged=is_charged,
        expires_at=wall_now() + LIFE,
        call=begun.model_dump(mode="json"),
    )
    ctx.db.add(row)
    await ctx.db.flush()
    return row.id


async def settle(ctx: Context, reservation_id: UUID) -> None:
    """Keep the call that was taken; raises ``UnavailableError`` when it was given back meanwhile."""
    if await _end(ctx, reservation_id) is None:
        raise UnavailableError("This took too long and is not charged. Try again.")


async def release(ctx: Context, reservation_id: UUID) -> None:
    """Give the call back to its month; once, however often it is asked for."""
    ended = await _end(ctx, reservation_id)
    if ended is None or not ended.is_counted:
        return
    await ctx.db.execute(
        update(CallCounter)
        .where(
            col(CallCounter.tenant_id) == ended.tenant_id,
            col(CallCounter.period) == ended.period,
            col(CallCounter.used) > 0,
        )
        .values(
            used=col(CallCounter.used) - 1,
            charged=col(CallCounter.charged) - (1 if ended.is_charged else 0),
        )
        .execution_options(synchronize_session=False)
    )


async def sweep(ctx: Context) -> int:
    """Give back what a process that ended left behind, and write its calls down; returns how many."""
    ctx.require_system()
    lost = await ctx.db.execute(
        select(col(CallReservation.id), col(CallReservation.call))
        .where(col(CallReservation.expires_at) <= wall_now())
        .order_by(col(CallReservation.tenant_id), col(CallReservation.id))
        .with_for_update(skip_locked=True)
        .limit(MANY)
    )
    rows = lost.all()
    for reservation_id, call in rows:
        await release(ctx, reservation_id)
        ctx.db.add(_lost(call))
    return len(rows)


async def is_open(ctx: Context, month: BillingMonth) -> bool:
    """Tell whether calls of a month are still on their way: it cannot be counted yet."""
    found = await ctx.db.scalar(
        select(CallReservation.id).where(col(CallReservation.period) == str(month)).limit(1)
    )
    return found is not None


async def _end(ctx: Context, reservation_id: UUID) -> CallReservation | None:
    return await ctx.db.scalar(
        delete(CallReservation)
        .where(col(CallReservation.id) == reservation_id)
        .returning(CallReservation)
        .execution_options(synchronize_session=False)
    )


def _lost(call: dict[str, Any]) -> AgentCall:
    row = AgentCall.model_validate(call)
    row.status, row.is_billable, row.is_charged = CallStatus.ERROR, False, False
    row.error_code, row.error = Code.UNAVAILABLE.value, LOST
    return row
