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
    """Return the next number of a prefix and year, e.g. ``TP-2026-00042``; see ``take_many``."""
    (number,) = await take_many(ctx, prefix, day, 1, issuer=issuer)
    return number


async def take_many(
    ctx: Context, prefix: str, day: dt.date, count: int, *, issuer: str = "turnpike"
) -> list[str]:
    """Return the next numbers of a prefix and year, in their order.

    The series stays locked until the transaction ends, and a rollback gives the numbers back:
    take them late, after every other row but the ledger's accounts is locked.
    """
    series = f"{prefix}-{day.year:04d}"
    raised = (
        update(NumberSeries)
        .where(col(NumberSeries.issuer) == issuer, col(NumberSeries.series) == series)
        .values(last=col(NumberSeries.last) + count)
        .returning(col(NumberSeries.last))
        .execution_options(synchronize_session=False)
    )
    last = await ctx.db.scalar(raised)
    if last is None:
        first = {"issuer": issuer, "series": series, "last": 0}
        await ctx.db.execute(insert_or_ignore(ctx, NumberSeries, first, "issuer", "series"))
        last = await ctx.db.scalar(raised)
    first_taken = (last or 0) - count + 1
    return [format_number(prefix, day.year, first_taken + n) for n in range(count)]
