"""One invoice of an agent: what is owed, and why, down to the calls it charges."""

from __future__ import annotations

from typing import Final

import reflex as rx

from app.core.errors import InvalidInputError, NotFoundError
from app.services import activity_pulse, agents, calls, explanations, invoices, pay_links
from components.explain import WhyRow
from components.tables import PageInfo
from state.agent.call_rows import CallRow
from state.agent.call_rows import to_row as to_call
from state.agent.invoice_rows import why_row
from state.agent.standing_rows import LOCALE
from state.browsing import address, asked_page
from state.session import acting_as_customer, parse_id
from state.vendor import invoice_detail_rows, payment_rows
from state.vendor.invoice_detail_rows import LineRow, SumRow
from state.vendor.invoice_rows import InvoiceRow, to_row
from state.vendor.payment_rows import PayWords, TryRow

HOME: Final = "/agent/invoices"
SIZE: Final = 25


class AgentInvoiceState(rx.State):
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
    counted: list[CallRow] = []
    page: PageInfo = PageInfo()
    _pulse: str = ""

    @rx.event
    async def load(self) -> None:
        """Show the invoice that the address names, and the page of its calls."""
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
        """Show another page of the calls charged."""
        async with acting_as_customer(self, readonly=True):
            return rx.redirect(address(self.one.href, page=max(1, number)), replace=True)

    @rx.event
    async def tick(self) -> None:
        """Move by itself when the invoice is paid, charged or corrected."""
        async with acting_as_customer(self, readonly=True) as ctx:
            pulse = await activity_pulse.of_agent(ctx)
        if self.one.id and pulse != self._pulse:
            await self._show(self.one.id, self.page.number)

    async def _show(self, wanted: str, number: int) -> None:
        async with acting_as_customer(self, readonly=True) as ctx:
            invoice_id = parse_id(wanted)
            await agents.reading(ctx)
            self._pulse = await activity_pulse.of_agent(ctx)
            found = await invoices.get(ctx, invoice_id)
            why = await explanations.why(ctx, invoice_id, limit=1)
            charged = await calls.charged_for(ctx, invoice_id, number=number, size=SIZE)
            keys, now = await calls.callers(ctx), ctx.now()
            pay_href = pay_links.path(ctx, invoice_id)
        self.is_missing = False
        self.pay = payment_rows.pay_of(found, pay_href, LOCALE)
        self.one = to_row(found.invoice, LOCALE, home=HOME)
        before = found.corrects
        self.corrected = to_row(before, LOCALE, home=HOME) if before else InvoiceRow()
        self.notes = [to_row(note, LOCALE, home=HOME) for note in found.corrections]
        self.has_notes = bool(self.notes)
        self.lines = invoice_detail_rows.lines(why, LOCALE)
        self.sums = invoice_detail_rows.sums(found, why, LOCALE)
        self.tries = payment_rows.tries(found, LOCALE)
        self.why = why_row(found, why)
        self.counted = [to_call(one, keys, now) for one in charged]
        total = int(why.sums[0].quantity) if why.sums else 0
        self.page = PageInfo.of(number, SIZE, total)
