"""Which processes run jobs, and which of them died."""

from __future__ import annotations

import datetime as dt

from sqlmodel import col, delete, select

from app.core.clock import wall_now
from app.services.context import Context
from app.services.outbox import insert_or_ignore
from models.installation import Worker

SILENCE = dt.timedelta(seconds=30)
"""Wall time without a sign of life after which another worker takes over."""


async def beat(ctx: Context, worker_id: str) -> None:
    """Say that this worker lives. Wall time: a dead process does not live in the product's clock."""
    ctx.require_system()
    (await _row(ctx, worker_id)).seen_at = wall_now()


async def settled(ctx: Context, worker_id: str, at: dt.datetime) -> None:
    """Say that this worker, looking at an instant, found nothing due that was not done."""
    ctx.require_system()
    row = await _row(ctx, worker_id)
    row.settled_at = max(row.settled_at or at, at)


async def have_settled(ctx: Context, stop: dt.datetime) -> bool:
    """Tell whether every worker that lives is done with an instant, and there is one.

    One alone does not know: another may still be busy with what the same instant made due.
    """
    rows = await ctx.db.scalars(
        select(Worker.settled_at).where(col(Worker.seen_at) >= wall_now() - SILENCE)
    )
    ends = rows.all()
    return bool(ends) and all(end is not None and end >= stop for end in ends)


async def bury(ctx: Context, own_id: str) -> list[str]:
    """Remove workers that fell silent and return their ids, each to one caller only."""
    ctx.require_system()
    silent = select(Worker).where(
        col(Worker.seen_at) < wall_now() - SILENCE, col(Worker.id) != own_id
    )
    rows = (await ctx.db.scalars(silent.with_for_update(skip_locked=True))).all()
    ids = [row.id for row in rows]
    if ids:
        await ctx.db.execute(delete(Worker).where(col(Worker.id).in_(ids)))
    return ids


async def alive(ctx: Context) -> list[str]:
    """Return the workers that gave a sign of life lately."""
    ctx.require_ops()
    rows = await ctx.db.scalars(
        select(Worker.id).where(col(Worker.seen_at) >= wall_now() - SILENCE).order_by(Worker.id)
    )
    return list(rows)


async def _row(ctx: Context, worker_id: str) -> Worker:
    values = {"id": worker_id, "started_at": wall_now(), "seen_at": wall_now()}
    await ctx.db.execute(insert_or_ignore(ctx, Worker, values, "id"))
    return await ctx.db.get_one(Worker, worker_id, with_for_update=True, populate_existing=True)
