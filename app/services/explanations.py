"""Why an invoice is as high as it is: its arithmetic, down to the devices counted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select

from app.core.money import Money
from app.services import invoices, paging
from app.services.context import Context
from app.services.paging import Page
from models.invoice import Invoice, InvoiceDevice, InvoiceLine


@dataclass(frozen=True, slots=True)
class CountedDevice:
    """A device that an invoice counted, and the activity that made it count."""

    device_pk: UUID
    device_id: str
    user_omni: str
    events: int
    last_day: dt.date


@dataclass(frozen=True, slots=True)
class Sum:
    """One line of the arithmetic: quantity times unit price is the amount, to the micro."""

    description: str
    quantity: Decimal
    unit_price: Money
    amount: Money
    basis: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Explanation:
    """``subtotal + tax + carried_in == total + carried_out``; the devices come in pages."""

    sums: tuple[Sum, ...]
    subtotal: Money
    tax_rate: Decimal
    is_reverse_charge: bool
    tax: Money
    carried_in: Money
    carried_out: Money
    total: Money
    counted_from: dt.date | None
    counted_until: dt.date | None
    price_since: dt.date | None
    device_count: int
    devices: Page[CountedDevice]


async def why(
    ctx: Context,
    invoice_id: UUID,
    *,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
    offset: int | None = None,
) -> Explanation:
    """Explain an invoice to its vendor or to operations; the devices are sorted by their id.

    Their page begins after ``cursor``, or with ``offset`` after that many.
    """
    invoice = await invoices.visible(ctx, invoice_id)
    rows = await ctx.db.scalars(
        select(InvoiceLine)
        .where(col(InvoiceLine.invoice_id) == invoice.id)
        .order_by(col(InvoiceLine.position))
    )
    lines = rows.all()
    basis: dict[str, Any] = dict(lines[0].basis) if lines else {}
    count = await ctx.db.scalar(
        select(func.count())
        .select_from(InvoiceDevice)
        .where(col(InvoiceDevice.invoice_id) == invoice.id)
    )
    return Explanation(
        sums=tuple(_sum(line) for line in lines),
        subtotal=Money(invoice.subtotal_micros, invoice.currency),
        tax_rate=Decimal(invoice.tax_rate),
        is_reverse_charge=invoice.is_reverse_charge,
        tax=Money(invoice.tax_micros, invoice.currency),
        carried_in=Money(invoice.carried_in_micros, invoice.currency),
        carried_out=Money(invoice.carried_out_micros, invoice.currency),
        total=invoice.total,
        counted_from=_day(basis, "counted_from"),
        counted_until=_day(basis, "counted_until"),
        price_since=_day(basis, "price_since"),
        device_count=count or 0,
        devices=await _devices(ctx, invoice, limit, cursor, offset),
    )


async def _devices(
    ctx: Context, invoice: Invoice, limit: int, cursor: str | None, offset: int | None
) -> Page[CountedDevice]:
    query = select(InvoiceDevice).where(col(InvoiceDevice.invoice_id) == invoice.id)
    if cursor and offset is None:
        key, id_ = paging.decode_cursor(cursor, "counted")
        query = query.where(
            paging.after(
                col(InvoiceDevice.device_id),
                paging.text(key),
                col(InvoiceDevice.device_pk),
                id_,
                down=False,
            )
        )
    ordered = query.order_by(col(InvoiceDevice.device_id), col(InvoiceDevice.device_pk))
    rows = list(await ctx.db.scalars(ordered.offset(offset).limit(limit + 1)))
    more, rows = offset is None and len(rows) > limit, rows[:limit]
    last = rows[-1] if more else None
    return Page(
        [
            CountedDevice(row.device_pk, row.device_id, row.user_omni, row.events, row.last_day)
            for row in rows
        ],
        paging.encode_cursor("counted", last.device_id, last.device_pk) if last else None,
    )


def _sum(line: InvoiceLine) -> Sum:
    return Sum(
        line.description,
        Decimal(line.quantity),
        Money(line.unit_price_micros, line.currency),
        Money(line.amount_micros, line.currency),
        dict(line.basis),
    )


def _day(basis: dict[str, Any], key: str) -> dt.date | None:
    value = basis.get(key)
    return dt.date.fromisoformat(value) if isinstance(value, str) else None
