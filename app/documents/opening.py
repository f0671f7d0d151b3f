"""The head of the first page: brands, title, dates, parties, and the one figure that matters."""

from __future__ import annotations

from app.core.invoice_document import Party
from app.documents import marks, palette
from app.documents.sheet import Sheet
from app.documents.typeset import Pen, clean, shorten, wrap

_MARK = 20.0
_LOGO_WIDTH, _LOGO_HEIGHT = 113.0, 40.0  # 40 mm x 14 mm
_COLUMN_GAP = 24.0
_MOST_NAME_LINES = 3
_MOST_ADDRESS_LINES = 8


class Opening:
    """Measures itself first, because the lines start where it ends, and draws itself later."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._half = (sheet.right - sheet.left - _COLUMN_GAP) / 2
        self._parties = (
            self._party_lines(sheet.doc.seller),
            self._party_lines(sheet.doc.buyer),
        )
        self._facts_top = sheet.top + 94
        self._parties_top = self._facts_top + 58
        rows = max(len(name) + len(lines) for name, lines in self._parties)
        self._headline_top = self._parties_top + 12 + rows * palette.BODY.leading + 20
        self.end = self._headline_top + palette.HEADLINE.leading + 14

    def draw(self, pen: Pen) -> None:
        """Draw it on the first page."""
        self._draw_brands(pen)
        sheet = self._sheet
        pen.text(sheet.left, sheet.top + 74, sheet.label("title"), palette.TITLE)
        self._draw_facts(pen)
        pen.rule(sheet.left, sheet.right, self._facts_top + 36, palette.HAIRLINE, 0.5)
        second = sheet.left + self._half + _COLUMN_GAP
        for x, label, (name, lines) in (
            (sheet.left, "from", self._parties[0]),
            (second, "to", self._parties[1]),
        ):
            pen.text(x, self._parties_top, sheet.label(label), palette.LABEL)
            y = pen.lines(x, self._parties_top + 15, name, palette.STRONG)
            pen.lines(x, y, lines, palette.QUIET_BODY)
        pen.text(sheet.left, self._headline_top + 14, self._headline(), palette.HEADLINE)

    def _draw_brands(self, pen: Pen) -> None:
        sheet, doc = self._sheet, self._sheet.doc
        left = sheet.left
        if doc.issuer_brand.logo_png:
            edge = left + _LOGO_WIDTH
            marks.logo(
                pen,
                doc.issuer_brand.logo_png,
                right=edge,
                top=sheet.top,
                width=_LOGO_WIDTH,
                height=_MARK + 4,
            )
        else:
            marks.brand_mark(pen, doc.issuer_brand, left=left, top=sheet.top, size=_MARK)
            name = shorten(doc.issuer_brand.name, palette.TOTAL, self._half)
            pen.text(left + _MARK + 8, sheet.top + 14.2, name, palette.TOTAL)
        if doc.brand.logo_png:
            marks.logo(
                pen,
                doc.brand.logo_png,
                right=sheet.right,
                top=sheet.top - 6,
                width=_LOGO_WIDTH,
                height=_LOGO_HEIGHT,
            )

    def _facts(self) -> list[tuple[str, str]]:
        sheet, doc = self._sheet, self._sheet.doc
        facts = [
            (sheet.label("number"), clean(doc.number)),
            (sheet.label("issued_on"), sheet.words.date(doc.issued_on)),
        ]
        if doc.due_on:
            facts.append((sheet.label("due_on"), sheet.words.date(doc.due_on)))
        if doc.period_start and doc.period_end:
            period = sheet.words.period(doc.period_start, doc.period_end)
            facts.append((sheet.label("period"), period))
        if doc.reference:
            facts.append((sheet.label("reference"), clean(doc.reference)))
        return facts

    def _draw_facts(self, pen: Pen) -> None:
        x = self._sheet.left
        for label, whole in self._facts():
            value = shorten(whole, palette.STRONG, self._sheet.right - x)
            pen.text(x, self._facts_top + 8, label, palette.LABEL)
            pen.text(x, self._facts_top + 22, value, palette.STRONG)
            x += max(palette.STRONG.width(value), palette.LABEL.width(label)) + 30

    def _party_lines(self, party: Party) -> tuple[list[str], list[str]]:
        """Return the lines of the name and those below it, few enough for the page to begin with."""
        tax_id = self._sheet.words.text("pdf.tax_id", id=party.tax_id) if party.tax_id else ""
        below = [self._sheet.words.country(party.country), party.email, tax_id]
        name = wrap(party.name, palette.STRONG, self._half)[:_MOST_NAME_LINES]
        address = [line for text in party.address for line in self._wrapped(text)]
        rest = [line for text in below for line in self._wrapped(text)]
        return name, address[:_MOST_ADDRESS_LINES] + rest[:_MOST_ADDRESS_LINES]

    def _wrapped(self, text: str) -> list[str]:
        return wrap(text, palette.QUIET_BODY, self._half)

    def _headline(self) -> str:
        sheet, doc = self._sheet, self._sheet.doc
        total = sheet.words.money(doc.total)
        if doc.due_on:
            due_on = sheet.words.date(doc.due_on)
            return sheet.text("headline", total=total, due_on=due_on)
        return sheet.text("headline_undated", total=total)
