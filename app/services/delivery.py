"""Documents on their way: drawn once, stored for good, and mailed as the very bytes stored."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from uuid import UUID

from app.core.errors import ConflictError
from app.services import invoice_docs, notices
from app.services.context import Context
from models.invoice import Invoice, InvoiceKind
from models.stored_file import StoredFile
from models.tenant import Rail


async def deliver(ctx: Context, invoice_id: UUID) -> str:
    """Store the PDF of an invoice or a credit note and mail it; returns the file's id.

    Repeated, it finds the file stored before and mails nothing twice.
    """
    ctx.require_system()
    file_id = await stored_pdf(ctx, invoice_id)
    invoice = await ctx.get_any(Invoice, invoice_id, lock=True)
    if invoice.kind is InvoiceKind.CREDIT_NOTE:
        await _mail_note(ctx, invoice, file_id)
    else:
        await _mail_invoice(ctx, invoice, file_id)
    return str(file_id)


async def stored_pdf(ctx: Context, invoice_id: UUID) -> UUID:
    """Return the file of an opened invoice; drawn at the first call, the same for ever after."""
    invoice = await ctx.get_any(Invoice, invoice_id)
    if invoice.pdf_id is not None:
        return invoice.pdf_id
    if invoice.number is None:
        raise ConflictError("A draft has no document yet.", reason="not_issued")
    doc = await invoice_docs.document_of(ctx, invoice)
    await ctx.save()  # nothing may be locked while the document is drawn
    content = await asyncio.to_thread(ctx.documents.pdf, doc)
    invoice = await ctx.get_any(Invoice, invoice_id, lock=True)
    if invoice.pdf_id is None:
        invoice.pdf_id = await store(ctx, invoice.tenant_id, f"{invoice.number}.pdf", content)
    return invoice.pdf_id


async def store(ctx: Context, tenant_id: UUID, name: str, content: bytes) -> UUID:
    """Keep the bytes of a document; returns the file's id."""
    file = StoredFile(
        tenant_id=tenant_id,
        name=name,
        media_type="application/pdf",
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        created_at=ctx.now(),
    )
    ctx.db.add(file)
    await ctx.db.flush()
    return file.id


async def mail_again(ctx: Context, invoice: Invoice) -> None:
    """Mail an invoice once more, with the same file, because operations ask for it."""
    if invoice.pdf_id is None:
        raise ConflictError("The document is being prepared.", reason="pdf_not_ready")
    await _mail_invoice(ctx, invoice, invoice.pdf_id, f"/{ctx.now().isoformat()}")


async def _mail_invoice(ctx: Context, invoice: Invoice, file_id: UUID, again: str = "") -> None:
    label = await invoice_docs.method_label(ctx, invoice)
    due = invoice.due_at or ctx.now()
    await notices.about_invoice(
        ctx,
        "invoice",
        invoice,
        key=f"invoice/{invoice.id}{again}",
        total=invoice.total,
        # A card is charged by itself; whoever pays each invoice needs the page to pay it on.
        to_pay=invoice.rail == Rail.INVOICE,
        attachments=[file_id],
        period=(invoice.period_start.date(), invoice.period_end.date()),
        due_on=(due - dt.timedelta(days=1)).date(),
        pay=invoice_docs.how_paid(invoice, label or "the payment method on file"),
    )


async def _mail_note(ctx: Context, note: Invoice, file_id: UUID) -> None:
    corrected = await ctx.get_any(Invoice, note.corrects_id) if note.corrects_id else note
    pay = (await invoice_docs.document_of(ctx, note)).pay
    await notices.about_invoice(
        ctx,
        "credit_note",
        note,
        key=f"credit_note/{note.id}",
        total=note.total,
        attachments=[file_id],
        invoice=corrected.number or "",
        pay=pay.instructions if pay else "",
    )
