"""The lines of a document as a table whose figures align and whose rows never break across pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from app.core.invoice_document import DocumentLine
from app.documents import palette
from app.documents.flow import Block
from app.documents.sheet import Sheet
from app.documents.typeset import Pen, shorten, wrap

_GAP = 18.0
_PAD = 6.0
_WIDEST_QUANTITY = 96.0
_MOST_LINES = 24  # of text in one row; a longer row goes on as a second one


@dataclass(frozen=True, slots=True)
class _Row:
    description: tuple[str, ...]
    detail: tuple[str, ...]
    quantity: str
    unit_price: str
    amount: str
    is_last: bool = True

    @property
    def height(self) -> float:
        text = len(self.description) * palette.BODY.leading
        return text + len(self.detail) * palette.SMALL.leading + 2 * _PAD


class LinesTable:
    """Measures all lines once, then hands out the head and the rows as blocks."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        money = sheet.words.money
        self._cells = [
            (
                line,
                shorten(line.quantity, palette.BODY, _WIDEST_QUANTITY),
                money(line.unit_price) if line.unit_price is not None else "",
                money(line.amount),
            )
            for line in sheet.doc.lines
        ]
        self._titles = [
            sheet.label(name) for name in ("description", "quantity", "unit_price", "amount")
        ]
        widths = [
            max(
                [palette.LABEL.width(self._titles[place])]
                + [palette.BODY.width(text) for text in {str(row[place]) for row in self._cells}]
            )
            for place in (1, 2, 3)
        ]
        self._amount_right = sheet.right
        self._price_right = self._amount_right - widths[2] - _GAP
        self._quantity_right = self._price_right - widths[1] - _GAP
        self._text_width = self._quantity_right - widths[0] - _GAP - sheet.left
        self.head = Block(24.0, self._draw_head, in_table=True)

    def rows(self) -> Iterator[Block]:
        """Yield one block a row, in order."""
        for line, quantity, price, amount in self._cells:
            for row in self._split(line, quantity, price, amount):
                yield Block(row.height, partial(self._draw_row, row), in_table=True)

    def _split(self, line: DocumentLine, quantity: str, price: str, amount: str) -> Iterator[_Row]:
        say = self._sheet.words.say
        description = wrap(say(line.description), palette.BODY, self._text_width)
        detail = wrap(say(line.detail), palette.SMALL, self._text_width)
        texts = [(text, True) for text in description] + [(text, False) for text in detail]
        chunks = [texts[at : at + _MOST_LINES] for at in range(0, len(texts), _MOST_LINES)] or [[]]
        for index, chunk in enumerate(chunks):
            first = index == 0
            yield _Row(
                tuple(text for text, is_main in chunk if is_main) or (("",) if first else ()),
                tuple(text for text, is_main in chunk if not is_main),
                quantity if first else "",
                price if first else "",
                amount if first else "",
                is_last=index == len(chunks) - 1,
            )

    def _draw_head(self, pen: Pen, top: float) -> None:
        y = top + 14
        pen.text(self._sheet.left, y, self._titles[0], palette.LABEL)
        pen.right(self._quantity_right, y, self._titles[1], palette.LABEL)
        pen.right(self._price_right, y, self._titles[2], palette.LABEL)
        pen.right(self._amount_right, y, self._titles[3], palette.LABEL)
        pen.rule(self._sheet.left, self._sheet.right, top + 24, palette.TEXT, 0.75)

    def _draw_row(self, row: _Row, pen: Pen, top: float) -> None:
        y = top + _PAD + 9.5
        if row.quantity:
            pen.right(self._quantity_right, y, row.quantity, palette.BODY)
        if row.unit_price:
            pen.right(self._price_right, y, row.unit_price, palette.BODY)
        if row.amount:
            pen.right(self._amount_right, y, row.amount, palette.BODY)
        y = pen.lines(self._sheet.left, y, row.description, palette.BODY)
        pen.lines(self._sheet.left, y - 1, row.detail, palette.SMALL)
        if row.is_last:
            bottom = top + row.height
            pen.rule(self._sheet.left, self._sheet.right, bottom, palette.HAIRLINE, 0.5)
