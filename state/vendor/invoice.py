"""One invoice: what is owed, its sums, its payments, and why it is as high as it is."""

from __future__ import annotations

from typing import Final

import reflex as rx

from app.core.errors import InvalidInputError, NotFoundError
from app.services import activity_pulse, explanations, invoices, onboarding, pay_links
from components.explain import WhyRow
from components.tables import PageInfo
from state.browsing import address, asked_page
from state.session import acting, parse_id
from state.vendor import invoice_detail_rows, payment_rows
from state.vendor.invoice_detail_rows import CountedRow, LineRow, SumRow
from state.vendor.invoice_rows import InvoiceRow, to_row
from state.vendor.payment_rows import PayWords, TryRow

SIZE: Final = 25


class InvoiceState(rx.State):
    """The invoice the address names; somebody else's looks like none."""

    is_loaded: bool = False
    is_missing: bool = False
    one: InvoiceRow = InvoiceRow()
    pay: PayWords = PayWords()
    corrected: InvoiceRow = InvoiceRow()
    notes: list[InvoiceRow] = []
    has_notes: bool = False
    lines: list[LineRow] = []
    sums: list[SumRow] = []
    tries: list[TryRow] = []
    why: WhyRow = WhyRow()
    counted: list[CountedRow] = []
    page: PageInfo = PageInfo()
    _pulse: str = ""

    @rx.event
    async def load(self) -> None:
        """Show the invoice that the address names, and the page of its devices."""
        wanted = self.router.url.path.rstrip("/").rpartition("/")[2]
        if wanted != self.one.id:
            self.is_loaded = False
        try:
            await self._show(wanted, asked_page(self))
        except (NotFoundError, InvalidInputError):
            self.one, self.is_missing = InvoiceRow(), True
        self.is_loaded = True

    @rx.event
    async def turn_to(self, number: int) -> rx.event.EventSpec:
        """Show another page of the devices counted."""
        async with acting(self, readonly=True):
            path = self.one.href
            return rx.redirect(address(path, page=max(1, number)), replace=True)

    @rx.event
    async def tick(self) -> None:
        """Move by itself when the invoice is paid, charged or corrected."""
        async with acting(self, readonly=True) as ctx:
            pulse = await activity_pulse.of_tenant(ctx)
        if self.one.id and pulse != self._pulse:
            await self._show(self.one.id, self.page.number)

    async def _show(self, wanted: str, number: int) -> None:
        async with acting(self, readonly=True) as ctx:
            invoice_id = parse_id(wanted)
            self._pulse = await activity_pulse.of_tenant(ctx)
            locale = (await onboarding.own_tenant(ctx)).locale
            found = await invoices.get(ctx, invoice_id)
            why = await explanations.why(ctx, invoice_id, offset=(number - 1) * SIZE, limit=SIZE)
            self.pay = payment_rows.pay_of(found, pay_links.path(ctx, invoice_id), locale)
        self.is_missing = False
        self.one = to_row(found.invoice, locale)
        self.corrected = to_row(found.corrects, locale) if found.corrects else InvoiceRow()
        self.notes = [to_row(note, locale) for note in found.corrections]
        self.has_notes = bool(self.notes)
        self.lines = invoice_detail_rows.lines(why, locale)
        self.sums = invoice_detail_rows.sums(found, why, locale)
        self.tries = payment_rows.tries(found, locale)
        self.why = invoice_detail_rows.why_row(found, why, locale)
        self.counted = [invoice_detail_rows.counted(one, locale) for one in why.devices.rows]
        self.page = PageInfo.of(number, SIZE, why.device_count)
