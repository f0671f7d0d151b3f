"""Everybody's invoices: what the address asks for, one page at a time."""

from __future__ import annotations

import reflex as rx

from app.services import ops_money
from state.ops.invoice_rows import InvoiceRow, to_invoice
from state.ops.listing import Listing
from state.session import acting


class InvoicesState(Listing, rx.State):
    """The list of invoices and credit notes."""

    rows: list[InvoiceRow] = []

    async def _show(self) -> None:
        async with acting(self, readonly=True) as ctx:
            self.rows = await self._list(ctx, ops_money.INVOICES, to_invoice)
