"""Whether the books are in order: looked at by the schedule, told to whoever asks in between."""

from __future__ import annotations

import datetime as dt
from typing import Final

from sqlalchemy import func
from sqlmodel import select

from app.services import ledger
from app.services.context import Context
from models.ledger import LedgerCheck, LedgerEntry

EVERY: Final = dt.timedelta(hours=1)
"""How old an answer may be: a look reads every posting, which is too much for every page."""
SHOWN: Final = 50
"""Problems that are kept; more are counted only."""


async def check(ctx: Context) -> LedgerCheck:
    """Look at all of the ledger, keep what was found and return it."""
    ctx.require_system()
    problems = await ledger.check(ctx)
    row = await ctx.db.get(LedgerCheck, 1, with_for_update=True, populate_existing=True)
    if row is None:
        row = LedgerCheck(checked_at=ctx.now())
        ctx.db.add(row)
    row.checked_at, row.found, row.problems = ctx.now(), len(problems), problems[:SHOWN]
    row.entries = await ctx.db.scalar(select(func.count()).select_from(LedgerEntry)) or 0
    await ctx.db.flush()
    return row


async def check_when_due(ctx: Context) -> int:
    """Look again once the last look is an hour old, whichever worker made it; 1 when it did."""
    known = await last(ctx)
    if known is not None and ctx.now() - known.checked_at < EVERY:
        return 0
    await check(ctx)
    return 1


async def last(ctx: Context) -> LedgerCheck | None:
    """Return what the last look found and when that was; None before there was one."""
    ctx.require_ops()
    return await ctx.db.get(LedgerCheck, 1)
