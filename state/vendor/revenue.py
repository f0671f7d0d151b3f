"""What users of the vendor's devices paid for Pro, and the vendor's share of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import reflex as rx
from plotly.graph_objects import Figure

from app.core.money import Money
from app.rules.periods import BillingMonth
from app.services import activity_pulse, figures, onboarding, revenue_lists
from app.services.context import Context
from app.services.figures import ProTotal
from app.services.revenue_lists import ProSearch
from components.charts import ChartRow
from components.tables import PageInfo
from models.tenant import Tenant
from state.browsing import asked, asked_page, view
from state.session import acting
from state.vendor.pro_chart import DAYS, MONTHS, pro_chart
from state.vendor.revenue_rows import ProRow, sums, to_row

PATH: Final = "/vendor/revenue"
SIZE: Final = 25


class RevenueState(rx.State):
    """Figures, a chart and the payments behind them; the address holds what is asked for."""

    is_loaded: bool = False
    share: str = ""
    share_note: str = ""
    lifetime: str = ""
    lifetime_note: str = ""
    paid_out: str = ""
    range: str = "30d"
    figure: Figure = Figure()
    chart: list[ChartRow] = []
    currency: str = ""
    currencies: list[tuple[str, str]] = []
    q: str = ""
    kind: str = ""
    sort: str = "occurred_at"
    is_descending: bool = True
    rows: list[ProRow] = []
    page: PageInfo = PageInfo()
    is_filtered: bool = False
    _pulse: str = ""

    @rx.event
    async def load(self) -> None:
        """Show what the address asks for; what it cannot ask for is left out."""
        wanted, sort = asked(self, "range"), asked(self, "sort")
        self.range = wanted if wanted in DAYS or wanted == MONTHS else "30d"
        self.q = asked(self, "q")[:128]
        self.kind = "refunded" if asked(self, "kind") == "refunded" else ""
        known = sort.removeprefix("-") in revenue_lists.SORTS
        self.sort = sort.removeprefix("-") if known else "occurred_at"
        self.is_descending = sort.startswith("-") if known else True
        await self._show(asked_page(self))

    @rx.event
    async def set_range_to(self, key: str) -> rx.event.EventSpec:
        """Show another range of the chart."""
        async with acting(self, readonly=True):
            here = view(self, PATH, {"range": key}, is_same_list=True)
            return rx.redirect(here, replace=True)

    @rx.event
    async def set_currency_to(self, code: str) -> rx.event.EventSpec:
        """Show the payments of another currency in the chart."""
        async with acting(self, readonly=True):
            here = view(self, PATH, {"currency": code[:3]}, is_same_list=True)
            return rx.redirect(here, replace=True)

    @rx.event
    async def search_for(self, text: str) -> rx.event.EventSpec:
        """Find a text in the subscription or in the user."""
        return await self._go(q=text[:128])

    @rx.event
    async def filter_kind(self, kind: str) -> rx.event.EventSpec:
        """Show every payment, or those that were given back."""
        return await self._go(kind=kind)

    @rx.event
    async def sort_by(self, key: str) -> rx.event.EventSpec:
        """Sort by a column, the other way round when it is sorted by it already."""
        down = not self.is_descending if key == self.sort else True
        return await self._go(sort=f"-{key}" if down else key)

    @rx.event
    async def turn_to(self, number: int) -> rx.event.EventSpec:
        """Show another page of the list."""
        return await self._go(page=max(1, number))

    @rx.event
    async def tick(self) -> None:
        """Move by itself when a user pays or gets money back."""
        async with acting(self, readonly=True) as ctx:
            pulse = await activity_pulse.of_tenant(ctx)
        if self.is_loaded and pulse != self._pulse:
            await self._show(self.page.number)

    async def _show(self, number: int) -> None:
        search = ProSearch(
            self.q, bool(self.kind), f"-{self.sort}" if self.is_descending else self.sort
        )
        async with acting(self, readonly=True) as ctx:
            self._pulse = await activity_pulse.of_tenant(ctx)
            tenant = await onboarding.own_tenant(ctx)
            ever = await self._show_figures(ctx, tenant)
            drawn = await pro_chart(ctx, self.range, ever, asked(self, "currency"))
            found = await revenue_lists.payments_page(
                ctx, search, offset=(number - 1) * SIZE, limit=SIZE
            )
            now = ctx.now()
        self.figure, self.chart = drawn.figure, drawn.rows
        self.currency, self.currencies = drawn.currency, drawn.others
        self.rows = [to_row(one, now, tenant.locale) for one in found.rows]
        self.page = PageInfo.of(number, SIZE, found.total or 0)
        self.is_filtered = bool(self.q or self.kind)
        self.is_loaded = True

    async def _show_figures(self, ctx: Context, tenant: Tenant) -> Sequence[ProTotal]:
        """Show the sums, and return those of all time, for the chart."""
        month, locale = BillingMonth.containing(ctx.now()), tenant.locale
        running = await figures.pro_totals(ctx, month.start, month.end)
        ever = await figures.pro_totals(ctx)
        out = await revenue_lists.paid_out(ctx) or [Money.zero(tenant.currency)]
        self.share = sums((one.share for one in running), locale)
        self.share_note = f"of {sums((one.gross for one in running), locale)} paid by users"
        self.lifetime = sums((one.share for one in ever), locale)
        self.lifetime_note = f"of {sums((one.gross for one in ever), locale)} paid by users"
        self.paid_out = sums(out, locale)
        return ever

    async def _go(self, **changes: str | int) -> rx.event.EventSpec:
        async with acting(self, readonly=True):
            return rx.redirect(view(self, PATH, changes), replace=True)
