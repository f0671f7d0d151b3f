"""What follows the lines: totals, tax, how to pay, and what the amount is based on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from app.core.money import Money
from app.documents import marks, palette
from app.documents.flow import Block
from app.documents.sheet import Sheet
from app.documents.typeset import Pen, Type, shorten, wrap

_QR = 78.0  # 27.5 mm; white paper all around is its quiet zone
_TOTALS_LEFT = 0.46  # of the text width
_ROW = 19.0
_MOST_WIDE = 400.0  # points; about 80 characters, comfortable to read


def closing_blocks(sheet: Sheet) -> Iterator[Block]:
    """Yield the blocks below the table, in order; each fits on a page whatever was typed into it."""
    yield _totals(sheet)
    doc = sheet.doc
    if doc.tax and (note := sheet.words.say(doc.tax.note)):
        yield from _paragraph(sheet, "", note, _MOST_WIDE)
    if doc.pay:
        yield from _payment(sheet)
    if basis := sheet.words.say(doc.basis):
        yield from _paragraph(sheet, sheet.label("basis_heading"), basis, _MOST_WIDE)


def _totals(sheet: Sheet) -> Block:
    doc = sheet.doc
    rows: list[tuple[str, Money]] = []
    if doc.tax or doc.carried_in or doc.carried_out:
        rows.append((sheet.label("subtotal"), doc.subtotal))
    if doc.carried_in:
        rows.append((sheet.label("carried_in"), doc.carried_in))
    if doc.tax:
        rate = sheet.words.percent(doc.tax.rate)
        rows.append((sheet.words.text("pdf.tax_line", rate=rate), doc.tax.amount))
    if doc.carried_out:
        rows.append((sheet.label("carried_out"), doc.carried_out))
    height = 8 + len(rows) * _ROW + 30
    return Block(height, partial(_draw_totals, sheet, rows), with_previous=True)


def _draw_totals(sheet: Sheet, rows: list[tuple[str, Money]], pen: Pen, top: float) -> None:
    left = sheet.left + (sheet.right - sheet.left) * _TOTALS_LEFT
    y = top + 8
    for label, amount in rows:
        pen.text(left, y + 12.5, label, palette.QUIET_BODY)
        pen.right(sheet.right, y + 12.5, sheet.words.money(amount), palette.BODY)
        y += _ROW
    if rows:
        pen.rule(left, sheet.right, y + 1, palette.TEXT, 0.75)
    pen.text(left, y + 19, sheet.label("total"), palette.TOTAL)
    pen.right(sheet.right, y + 19, sheet.words.money(sheet.doc.total), palette.TOTAL)


def _payment(sheet: Sheet) -> Iterator[Block]:
    pay = sheet.doc.pay
    if pay is None:
        return
    room = _MOST_WIDE - (_QR + 24 if pay.qr_payload else 0)
    lines: list[tuple[str, Type]] = [(sheet.label("pay_heading"), palette.LABEL)]
    lines += [
        (line, palette.STRONG) for line in wrap(sheet.words.say(pay.method), palette.STRONG, room)
    ]
    lines += [
        (line, palette.QUIET_BODY)
        for line in wrap(sheet.words.say(pay.instructions), palette.QUIET_BODY, room)[:12]
    ]
    if pay.link:
        lines.append((shorten(pay.link, palette.ANCHOR, room), palette.ANCHOR))
    height = 29 + sum(kind.leading for _, kind in lines)
    if pay.qr_payload:
        height = max(height, 24 + _QR + 16)
    yield Block(height, partial(_draw_payment, sheet, lines))


def _draw_payment(sheet: Sheet, lines: list[tuple[str, Type]], pen: Pen, top: float) -> None:
    pay = sheet.doc.pay
    if pay is None:
        return
    y = top + 31
    for line, kind in lines:
        pen.text(sheet.left, y, line, kind)
        if kind is palette.ANCHOR:
            box = (
                sheet.left,
                pen.height - y - 3,
                sheet.left + kind.width(line),
                pen.height - y + 9,
            )
            pen.canvas.linkURL(pay.link, box, relative=0)
        y += kind.leading + (3 if kind is palette.LABEL else 0)
    if pay.qr_payload:
        left = sheet.right - _QR
        marks.qr_code(pen, pay.qr_payload, left=left, top=top + 24, size=_QR)
        hint = sheet.words.text("pdf.qr_hint")
        middle = left + (_QR - palette.SMALL.width(hint)) / 2
        pen.text(middle, top + 24 + _QR + 13, hint, palette.SMALL)


def _paragraph(sheet: Sheet, heading: str, text: str, width: float) -> Iterator[Block]:
    """Yield a heading with its first line, then line by line, so that the longest text finds room."""
    lines = wrap(text, palette.QUIET_BODY, width)
    for index, line in enumerate(lines):
        title = heading if index == 0 else ""
        above = (22.0 if title else 14.0) if index == 0 else 0.0
        height = above + palette.QUIET_BODY.leading + (palette.LABEL.leading + 3 if title else 0)
        yield Block(height, partial(_draw_line, sheet, title, line, above))


def _draw_line(sheet: Sheet, heading: str, line: str, above: float, pen: Pen, top: float) -> None:
    y = top + above + 9.5
    if heading:
        pen.text(sheet.left, y, heading, palette.LABEL)
        y += palette.LABEL.leading + 3
    pen.text(sheet.left, y, line, palette.QUIET_BODY)
