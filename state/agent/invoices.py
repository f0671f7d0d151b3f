"""The agent's invoices, with the running month on top."""

from __future__ import annotations

from typing import Final

import reflex as rx

from app.core.locale import format_date, format_money, format_number
from app.rules.quota import LEAST_INVOICE, PRICE
from app.rules.statuses import InvoiceStatus
from app.services import activity_pulse, agent_usage, invoices
from app.services.agent_usage import Standing
from components.tables import PageInfo
from state.agent.standing_rows import LOCALE
from state.browsing import asked, asked_page, view
from state.session import acting_as_customer
from state.vendor.invoice_rows import InvoiceRow, to_row

PATH: Final = "/agent/invoices"
SIZE: Final = 25


class AgentInvoicesState(rx.State):
    """What the list shows; the address holds all of it."""

    is_loaded: bool = False
    status: str = ""
    rows: list[InvoiceRow] = []
    page: PageInfo = PageInfo()
    estimate_title: str = ""
    estimate_line: str = ""
    first_line: str = ""
    _pulse: str = ""

    @rx.event
    async def load(self) -> None:
        """Show what the address asks for; what it cannot ask for is left out."""
        status = asked(self, "status")
        known = status in set(InvoiceStatus) and status != InvoiceStatus.DRAFT
        self.status = status if known else ""
        await self._show(asked_page(self))

    @rx.event
    async def filter_status(self, status: str) -> rx.event.EventSpec:
        """Show only invoices of one status, as it is shown."""
        return await self._go(status=status[:16])

    @rx.event
    async def turn_to(self, number: int) -> rx.event.EventSpec:
        """Show another page of the list."""
        return await self._go(page=max(1, number))

    @rx.event
    async def tick(self) -> None:
        """Move by itself when an invoice is issued or paid, or the running month grows."""
        async with acting_as_customer(self, readonly=True) as ctx:
            pulse = await activity_pulse.of_agent(ctx)
        if self.is_loaded and pulse != self._pulse:
            await self._show(self.page.number)

    async def _show(self, number: int) -> None:
        status = InvoiceStatus(self.status) if self.status else None
        async with acting_as_customer(self, readonly=True) as ctx:
            self._pulse = await activity_pulse.of_agent(ctx)
            standing = await agent_usage.standing(ctx)
            found = await invoices.list_page(
                ctx, status=status, offset=(number - 1) * SIZE, limit=SIZE
            )
        self._say_month(standing)
        self.rows = [to_row(one, LOCALE, home=PATH) for one in found.rows]
        self.page = PageInfo.of(number, SIZE, found.total or 0)
        self.is_loaded = True

    def _say_month(self, one: Standing) -> None:
        issued = format_date(one.month.end.date(), LOCALE)
        cost, least = format_money(one.cost, LOCALE), format_money(LEAST_INVOICE, LOCALE)
        self.first_line = (
            f"The first one comes on {issued}, for the calls charged until then."
            if one.is_paid
            else "Free calls are not invoiced. After an upgrade one comes on the 1st of each month."
        )
        self.estimate_title = f"This month so far: {cost}" if one.is_paid else ""
        count, price = format_number(one.charged, LOCALE), format_money(PRICE, LOCALE)
        small = f" Less than {least} waits for the next month." if one.cost < LEAST_INVOICE else ""
        self.estimate_line = (
            f"{count} charged calls × {price} = {cost}, before tax. Invoiced on {issued}.{small}"
        )

    async def _go(self, **changes: str | int) -> rx.event.EventSpec:
        async with acting_as_customer(self, readonly=True):
            return rx.redirect(view(self, PATH, changes), replace=True)
