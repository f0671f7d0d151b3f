"""A vendor's invoices: the list, one with its lines, and the very file that was mailed."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from app.api.deps import MemberCtx, PersonCtx, VendorCtx
from app.api.errors import Envelope
from app.api.lists import Cursor, Instant, Limit, ListOut, MoneyOut, answers, page_of
from app.rules.statuses import InvoiceStatus
from app.services import explanations, invoices, paging, statements
from app.services.invoices import InvoiceView
from models.invoice import InvoiceKind
from models.stored_file import StoredFile

router = APIRouter(tags=["invoices"])


class PeriodOut(BaseModel):
    """Half-open: the end is the first day that is no longer in it."""

    start: dt.date
    end: dt.date


class InvoiceOut(BaseModel):
    """An invoice or a credit note."""

    id: UUID
    number: str
    kind: InvoiceKind
    status: InvoiceStatus
    period: PeriodOut
    issued_on: dt.date | None
    due_on: dt.date | None
    subtotal: MoneyOut
    tax: MoneyOut
    total: MoneyOut
    outstanding: MoneyOut
    paid_at: Instant | None
    has_pdf: bool

    @classmethod
    def of(cls, view: InvoiceView) -> InvoiceOut:
        """Write an invoice."""
        return cls(
            id=view.id,
            number=view.number,
            kind=view.kind,
            status=view.status,
            period=PeriodOut(start=view.period_start, end=view.period_end),
            issued_on=view.issued_on,
            due_on=view.due_on,
            subtotal=MoneyOut.of(view.subtotal),
            tax=MoneyOut.of(view.tax),
            total=MoneyOut.of(view.total),
            outstanding=MoneyOut.of(view.outstanding),
            paid_at=view.paid_at,
            has_pdf=view.has_pdf,
        )


class LineOut(BaseModel):
    """One line; quantity times unit price is the amount."""

    description: str
    quantity: str
    unit_price: MoneyOut
    amount: MoneyOut


class CountedOut(BaseModel):
    """A device that was counted, and the activity that made it count."""

    id: UUID
    device_id: str
    events: int
    last_active_on: dt.date


class WhyOut(BaseModel):
    """``subtotal + tax + carried_in == total + carried_out``; the devices come in pages."""

    counted_from: dt.date | None
    counted_until: dt.date | None
    price_since: dt.date | None
    tax_rate: str
    carried_in: MoneyOut
    carried_out: MoneyOut
    device_count: int
    devices: list[CountedOut]
    next_cursor: str | None


class InvoiceDetailOut(InvoiceOut):
    """An invoice with its lines and why it is as high as it is."""

    model_config = ConfigDict(extra="forbid")

    lines: list[LineOut]
    why: WhyOut


_ERRORS = answers(401, 403, 404, 422, 429)
_PDF: dict[int | str, dict[str, Any]] = {
    **answers(401, 403, 404, 422, 429),
    200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}},
    409: {"model": Envelope, "description": "The document is being prepared."},
}


@router.get("/v1/vendor/invoices", responses=_ERRORS)
async def list_invoices(
    ctx: VendorCtx,
    status: InvoiceStatus | None = None,
    limit: Limit = paging.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> ListOut[InvoiceOut]:
    """List the vendor's invoices and credit notes, the newest first."""
    page = await invoices.list_page(ctx, status=status, limit=limit, cursor=cursor)
    return page_of(page, InvoiceOut.of)


@router.get("/v1/vendor/invoices/{invoice_id}", responses=_ERRORS)
async def get_invoice(
    invoice_id: UUID, ctx: VendorCtx, limit: Limit = paging.DEFAULT_LIMIT, cursor: Cursor = None
) -> InvoiceDetailOut:
    """Show one invoice with its lines and a page of the devices it counted."""
    detail = await invoices.get(ctx, invoice_id)
    why = await explanations.why(ctx, invoice_id, limit=limit, cursor=cursor)
    return InvoiceDetailOut(
        **InvoiceOut.of(detail.invoice).model_dump(),
        lines=[
            LineOut(
                description=each.description,
                quantity=str(each.quantity),
                unit_price=MoneyOut.of(each.unit_price),
                amount=MoneyOut.of(each.amount),
            )
            for each in why.sums
        ],
        why=WhyOut(
            counted_from=why.counted_from,
            counted_until=why.counted_until,
            price_since=why.price_since,
            tax_rate=str(why.tax_rate),
            carried_in=MoneyOut.of(why.carried_in),
            carried_out=MoneyOut.of(why.carried_out),
            device_count=why.device_count,
            devices=[
                CountedOut(
                    id=one.device_pk,
                    device_id=one.device_id,
                    events=one.events,
                    last_active_on=one.last_day,
                )
                for one in why.devices.rows
            ],
            next_cursor=why.devices.next_cursor,
        ),
    )


@router.get("/v1/vendor/invoices/{invoice_id}/pdf", response_class=Response, responses=_PDF)
async def get_pdf(invoice_id: UUID, ctx: VendorCtx) -> Response:
    """Return the document exactly as it was mailed."""
    return _file(await invoices.pdf(ctx, invoice_id))


@router.get("/api/invoices/{invoice_id}/pdf", response_class=Response, responses=_PDF)
async def download_pdf(invoice_id: UUID, ctx: MemberCtx) -> Response:
    """Return an invoice's document to a signed-in browser: its customer's, or operations'."""
    return _file(await invoices.pdf(ctx, invoice_id))


@router.get("/api/payouts/{payout_id}/pdf", response_class=Response, responses=_PDF)
async def download_statement(payout_id: UUID, ctx: PersonCtx) -> Response:
    """Return a revenue share statement to a signed-in browser: its vendor's, or operations'."""
    return _file(await statements.pdf(ctx, payout_id))


def _file(file: StoredFile) -> Response:
    return Response(
        file.content,
        media_type=file.media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name)}",
            "ETag": f'"{file.sha256}"',
            "X-Content-Type-Options": "nosniff",
        },
    )
