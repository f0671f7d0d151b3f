"""Numbers of documents: taken in the transaction that opens the document, so that none is ever missing."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import update
from sqlmodel import col

from app.rules.invoicing import format_number
from app.services.context import Context
from app.services.outbox import insert_or_ignore
from models.invoice import NumberSeries


async def take(ctx: Context, prefix: str, day: dt.date, *, issuer: str = "turnpike") -> str:
    """Return the next number of a prefix and year, e.g. ``TP-2026-00042``.

    The series stays locked until the transaction ends, and a rollback gives the number back:
    take it late, after every other row but the ledger's accounts is locked.
    """
    series = f"{prefix}-{day.year:04d}"
    raised = (
        update(NumberSeries)
        .where(col(NumberSeries.issuer) == issuer, col(NumberSeries.series) == series)
        .values(last=col(NumberSeries.last) + 1)
        .returning(col(NumberSeries.last))
        .execution_options(synchronize_session=False)
    )
    last = await ctx.db.scalar(raised)
    if last is None:
        first = {"issuer": issuer, "series": series, "last": 0}
        await ctx.db.execute(insert_or_ignore(ctx, NumberSeries, first, "issuer", "series"))
        last = await ctx.db.scalar(raised)
    return format_number(prefix, day.year, last or 0)
