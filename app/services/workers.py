"""Which processes run jobs, and which of them died."""

from __future__ import annotations

import datetime as dt

from sqlmodel import col, delete, select

from app.core.clock import wall_now
from app.services.context import Context
from models.installation import Worker

SILENCE = dt.timedelta(seconds=30)
"""Wall time without a sign of life after which another worker takes over."""


async def beat(ctx: Context, worker_id: str) -> None:
    """Say that this worker lives. Wall time: a dead process does not live in the product's clock."""
    ctx.require_system()
    row = await ctx.db.get(Worker, worker_id)
    if row is None:
        ctx.db.add(Worker(id=worker_id, started_at=wall_now(), seen_at=wall_now()))
    else:
        row.seen_at = wall_now()


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
