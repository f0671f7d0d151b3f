"""The vendor's invoices: what the address asks for, with the running month on top."""

from __future__ import annotations

from typing import Final

import reflex as rx

from app.core.errors import DomainError
from app.core.locale import format_date, format_money, format_month, format_number
from app.rules.periods import BillingMonth
from app.rules.statuses import InvoiceStatus
from app.services import activity_pulse, figures, invoices, onboarding
from app.services.context import Context
from components.tables import PageInfo
from state.browsing import asked, asked_page, view
from state.session import acting
from state.vendor.invoice_rows import InvoiceRow, to_row

PATH: Final = "/vendor/invoices"
SIZE: Final = 25


class InvoicesState(rx.State):
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
        return await self._go(status=status)

    @rx.event
    async def turn_to(self, number: int) -> rx.event.EventSpec:
        """Show another page of the list."""
        return await self._go(page=max(1, number))

    @rx.event
    async def tick(self) -> None:
        """Move by itself when an invoice is issued or paid, or the running month grows."""
        async with acting(self, readonly=True) as ctx:
            pulse = await activity_pulse.of_tenant(ctx)
        if self.is_loaded and pulse != self._pulse:
            await self._show(self.page.number)

    async def _show(self, number: int) -> None:
        status = InvoiceStatus(self.status) if self.status else None
        async with acting(self, readonly=True) as ctx:
            self._pulse = await activity_pulse.of_tenant(ctx)
            tenant = await onboarding.own_tenant(ctx)
            found = await invoices.list_page(
                ctx, status=status, offset=(number - 1) * SIZE, limit=SIZE
            )
            await self._show_running_month(ctx, tenant.locale, is_live=bool(tenant.activated_at))
        self.rows = [to_row(one, tenant.locale) for one in found.rows]
        self.page = PageInfo.of(number, SIZE, found.total or 0)
        self.is_loaded = True

    async def _show_running_month(self, ctx: Context, locale: str, *, is_live: bool) -> None:
        month = BillingMonth.containing(ctx.now())
        issued = format_date(month.end.date(), locale)
        self.estimate_title = self.estimate_line = ""
        self.first_line = (
            f"The first one comes on {issued}, for the devices active in the 30 days before."
            if is_live
            else "The first one comes on the 1st of the month after your account goes live."
        )
        if not is_live:
            return
        try:
            one = await figures.estimate(ctx)
        except DomainError:
            return  # no price is in force yet: nothing can be said
        name, total = format_month(month.first_day, locale), format_money(one.total, locale)
        self.estimate_title = f"{name} so far: {total}"
        count, price = format_number(one.active_devices, locale), format_money(one.price, locale)
        devices = "device" if one.active_devices == 1 else "devices"
        sum_ = format_money(one.subtotal, locale)
        self.estimate_line = (
            f"{count} active {devices} × {price} = {sum_}, before tax. Invoiced on {issued}."
        )

    async def _go(self, **changes: str | int) -> rx.event.EventSpec:
        async with acting(self, readonly=True):
            return rx.redirect(view(self, PATH, changes), replace=True)
