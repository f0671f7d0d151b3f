"""Everybody's invoices: what the address asks for, one page at a time."""

from __future__ import annotations

from typing import Final

import reflex as rx

from app.rules.statuses import InvoiceStatus
from app.services import ops_money
from app.services.ops_money import MoneySearch
from state.ops.invoice_rows import InvoiceRow, to_invoice
from state.ops.listing import Listing
from state.session import acting

SORTS: Final = ("created_at", "number", "total", "due_at")


class InvoicesState(Listing, rx.State):
    """The list of invoices and credit notes."""

    rows: list[InvoiceRow] = []

    @rx.event
    async def load(self) -> None:
        """Show what the address asks for."""
        number = self._read(tuple(InvoiceStatus), SORTS)
        search = MoneySearch(self.q, self.status, self._order())
        async with acting(self, readonly=True) as ctx:
            found = await ops_money.invoices_page(ctx, search, number)
            now = ctx.now()
        self.rows = [to_invoice(line, now) for line in found.rows]
        self._turned(number, found.total)
