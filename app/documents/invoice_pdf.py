"""Draws invoices, credit notes and statements as PDF: the same document always gives the same bytes."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from reportlab import rl_config
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.pdfgen.canvas import Canvas

from app.core.invoice_document import DocumentKind, InvoiceDocument, Paper
from app.documents import palette
from app.documents.closing import closing_blocks
from app.documents.flow import paginate
from app.documents.fonts import REGULAR, faces
from app.documents.lines_table import LinesTable
from app.documents.opening import Opening
from app.documents.sheet import Sheet
from app.documents.texts import words
from app.documents.typeset import Pen, clean, shorten

rl_config.useA85 = 0  # plain binary streams: a quarter smaller, and faster to write

_SHEETS = {Paper.A4: A4, Paper.LETTER: LETTER}


def render_invoice(doc: InvoiceDocument) -> bytes:
    """Return the PDF of an invoice, a credit note or a statement.

    Nothing of the machine enters it: its date is the day of issue, and equal documents give equal bytes.
    """
    faces()
    width, height = _SHEETS[doc.paper]
    sheet = Sheet(doc, words(doc.locale), width, height)
    table = LinesTable(sheet)
    opening = Opening(sheet)
    pages = paginate(
        [table.head, *table.rows(), *closing_blocks(sheet)],
        table.head,
        first_top=opening.end,
        next_top=sheet.top + 30,
        bottom=sheet.bottom,
    )
    stream = io.BytesIO()
    canvas = _new_canvas(stream, sheet)
    for number, page in enumerate(pages, start=1):
        pen = Pen(canvas, height)
        if number == 1:
            opening.draw(pen)
        else:
            _continuation(sheet, pen)
        for top, block in page.placed:
            block.draw(pen, top)
        _footer(sheet, pen, number, len(pages))
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def render_statement(doc: InvoiceDocument) -> bytes:
    """Return the PDF of a revenue-share statement; raises ``ValueError`` for another kind of document."""
    if doc.kind is not DocumentKind.STATEMENT:
        raise ValueError(f"not a statement but a {doc.kind}")
    return render_invoice(doc)


def _new_canvas(stream: io.BytesIO, sheet: Sheet) -> Any:
    doc = sheet.doc
    canvas: Any = Canvas(
        stream,
        pagesize=(sheet.width, sheet.height),
        pageCompression=1,
        invariant=1,
        initialFontName=REGULAR.name,  # pyright: ignore[reportArgumentType] - reportlab annotates nothing
        initialFontSize=palette.BODY.size,
        lang=doc.locale.value,
    )
    issued = dt.datetime.combine(doc.issued_on, dt.time(), dt.UTC)
    inner = canvas._doc  # reportlab's only handle on the date of a document
    inner._timeStamp.t = issued.timestamp()
    inner._timeStamp.lt = issued.timetuple()
    inner._timeStamp.YMDhms = tuple(issued.timetuple())[:6]
    title = f"{sheet.label('title')} {clean(doc.number)}"
    canvas.setTitle(title)
    canvas.setAuthor(clean(doc.seller.name))
    canvas.setSubject(sheet.text("subject", number=clean(doc.number), buyer=clean(doc.buyer.name)))
    canvas.setCreator("Turnpike")
    canvas.setProducer("Turnpike")
    canvas.setKeywords(f"{clean(doc.number)}, {doc.total}, {doc.issued_on.isoformat()}")
    canvas.setViewerPreference("DisplayDocTitle", "true")
    return canvas


def _footer(sheet: Sheet, pen: Pen, number: int, pages: int) -> None:
    y = sheet.height - 36
    pen.rule(sheet.left, sheet.right, y - 14, palette.HAIRLINE, 0.5)
    folio = sheet.words.text("pdf.page", page=number, pages=pages)
    pen.right(sheet.right, y, folio, palette.SMALL)
    name = f"{clean(sheet.doc.seller.name)} · {clean(sheet.doc.number)}"
    room = sheet.right - sheet.left - palette.SMALL.width(folio) - 24
    pen.text(sheet.left, y, shorten(name, palette.SMALL, room), palette.SMALL)


def _continuation(sheet: Sheet, pen: Pen) -> None:
    y = sheet.top + 8
    title = f"{sheet.label('title')} {clean(sheet.doc.number)}"
    pen.text(sheet.left, y, title, palette.HEADING)
    room = sheet.right - sheet.left - palette.HEADING.width(title) - 24
    pen.right(sheet.right, y, shorten(sheet.doc.buyer.name, palette.SMALL, room), palette.SMALL)
