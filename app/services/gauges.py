"""Figures about the installation's health, asked of the database whenever metrics are read."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select

from app.services import books
from app.services.context import Context
from models.exchange import InboxEvent, InboxStatus, OutboxItem, OutboxKind
from models.invoice import Invoice
from models.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Gauges:
    """Counts by status, the age of what waits longest in seconds, and the ledger's problems.

    The last are those of the last look at it, with its instant; None before there was one.
    """

    inbox: dict[str, int]
    inbox_lag_seconds: int
    jobs: dict[str, int]
    mails: dict[str, int]
    invoices: dict[str, int]
    tenants: dict[str, int]
    ledger_problems: int | None
    ledger_checked_at: dt.datetime | None


async def read(ctx: Context) -> Gauges:
    """Return the figures as of now."""
    ctx.require_system()
    oldest = await ctx.db.scalar(
        select(func.min(col(InboxEvent.received_at))).where(
            col(InboxEvent.status) == InboxStatus.RECEIVED
        )
    )
    lag = int((ctx.now() - oldest).total_seconds()) if oldest else 0
    checked = await books.last(ctx)
    return Gauges(
        inbox=await _counts(ctx, InboxEvent, InboxEvent.status),
        inbox_lag_seconds=max(0, lag),
        jobs=await _counts(ctx, OutboxItem, OutboxItem.status, OutboxItem.kind == OutboxKind.JOB),
        mails=await _counts(ctx, OutboxItem, OutboxItem.status, OutboxItem.kind == OutboxKind.MAIL),
        invoices=await _counts(ctx, Invoice, Invoice.status),
        tenants=await _counts(ctx, Tenant, Tenant.status),
        ledger_problems=checked.found if checked else None,
        ledger_checked_at=checked.checked_at if checked else None,
    )


async def _counts(ctx: Context, model: Any, column: Any, *where: Any) -> dict[str, int]:
    query: Any = select(column, func.count()).select_from(model).where(*where).group_by(column)
    rows: Any = await ctx.db.execute(query)
    return {str(status): number for status, number in rows}
