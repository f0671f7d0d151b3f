"""The vendor's dashboard: what is live, what it will cost, what it earned."""

from __future__ import annotations

import datetime as dt
from typing import Any

import reflex as rx
from plotly.graph_objects import Figure

from app.core.errors import DomainError
from app.core.locale import format_date, format_money, format_number
from app.services import activity_pulse, figures, onboarding, series
from app.services.context import Context
from components.charts import ChartRow, Series, chart_figure, chart_rows
from components.explain import WhyRow
from state.browsing import asked, view
from state.session import acting
from state.vendor.pro_chart import pro_chart
from state.vendor.revenue_rows import sums

DAYS = {"7d": 7, "30d": 30, "90d": 90, "12m": 365}


class DashboardState(rx.State):
    """Key figures and three charts over one range."""

    is_loaded: bool = False
    needs_onboarding: bool = False
    is_live: bool = False
    active: str = "0"
    active_change: str = ""
    active_way: str = "same"
    registered: str = "0"
    registered_note: str = "+0 this month"
    users: str = "0"
    users_change: str = ""
    users_way: str = "same"
    share: str = "–"
    share_note: str = ""
    estimate: str = "–"
    estimate_note: str = ""
    why: WhyRow = WhyRow()
    range: str = "30d"
    active_figure: Figure = Figure()
    active_rows: list[ChartRow] = []
    registered_figure: Figure = Figure()
    registered_rows: list[ChartRow] = []
    revenue_figure: Figure = Figure()
    revenue_rows: list[ChartRow] = []
    currency: str = ""
    currencies: list[tuple[str, str]] = []
    _pulse: str = ""

    @rx.event
    async def load(self) -> None:
        """Show everything as of now, over the range the address names."""
        wanted = asked(self, "range")
        self.range = wanted if wanted in DAYS else "30d"
        await self._show()

    @rx.event
    async def set_range_to(self, key: str) -> rx.event.EventSpec:
        """Show another range, and keep it in the address."""
        return await self._go(range=key)

    @rx.event
    async def set_currency_to(self, code: str) -> rx.event.EventSpec:
        """Show the Pro payments of another currency."""
        return await self._go(currency=code[:3])

    @rx.event
    async def tick(self) -> None:
        """Move by itself when a device registers, an event is folded or an invoice is issued."""
        async with acting(self, readonly=True) as ctx:
            pulse = await activity_pulse.of_tenant(ctx)
        if pulse != self._pulse:
            await self._show()

    async def _go(self, **changes: str) -> rx.event.EventSpec:
        async with acting(self, readonly=True):
            return rx.redirect(view(self, "/vendor", changes), replace=True)

    async def _show(self) -> None:
        async with acting(self, readonly=True) as ctx:
            self._pulse = await activity_pulse.of_tenant(ctx)
            tenant = await onboarding.own_tenant(ctx)
            self.needs_onboarding = tenant.first_device_at is None
            self.is_live = tenant.activated_at is not None
            if self.is_live:
                await self._show_figures(ctx, tenant.locale)
                await self._show_charts(ctx)
        self.is_loaded = True

    async def _show_figures(self, ctx: Context, locale: str) -> None:
        try:
            head = await figures.headline(ctx)
        except DomainError:
            return
        self.active, self.users = (
            format_number(one.value, locale)
            for one in (head.active_devices, head.monthly_active_users)
        )
        self.active_change, self.active_way = _change(head.active_devices, locale)
        self.users_change, self.users_way = _change(head.monthly_active_users, locale)
        self.registered = format_number(head.registered_devices, locale)
        self.registered_note = f"{head.registered_this_month.value:+d} this month".replace("-", "−")
        self.share = sums((each.share for each in head.pro_this_month), locale)
        self.share_note = f"{sums((each.share for each in head.pro_lifetime), locale)} in all"
        one = head.estimate
        self.estimate = format_money(one.total, locale)
        self.estimate_note = f"Invoiced on {format_date(one.month.end.date(), locale)}"
        self.why = WhyRow(
            quantity=format_number(one.active_devices, locale),
            quantity_label="active devices",
            price=format_money(one.price, locale),
            price_label="a device",
            amount=format_money(one.subtotal, locale),
            amount_label="so far",
            rule="A device counts when it had at least one authority event in the 30 days before "
            "the month ends. Registration alone does not count.",
            period=f"{format_date(one.first_day, locale)} to "
            f"{format_date(one.end_day - dt.timedelta(days=1), locale)}",
            contract=f"Price in force since {format_date(one.price_since, locale)}",
        )

    async def _show_charts(self, ctx: Context) -> None:
        end = ctx.now().date() + dt.timedelta(days=1)
        first = end - dt.timedelta(days=DAYS[self.range])
        active = _points("Active devices", await series.active_per_day(ctx, first, end))
        new = _points("Registrations", await series.registrations_per_day(ctx, first, end), "bar")
        self.active_figure, self.active_rows = chart_figure([active]), chart_rows([active])
        self.registered_figure, self.registered_rows = chart_figure([new]), chart_rows([new])
        pro = await pro_chart(
            ctx, self.range, await figures.pro_totals(ctx), asked(self, "currency")
        )
        self.revenue_figure, self.revenue_rows = pro.figure, pro.rows
        self.currency, self.currencies = pro.currency, pro.others


def _points(name: str, days: list[tuple[dt.date, int]], kind: Any = "line") -> Series:
    return Series(name, [(str(day), count) for day, count in days], kind=kind)


def _change(one: figures.Change, locale: str) -> tuple[str, str]:
    moved = one.value - one.before
    way = "same" if not moved else ("up" if moved > 0 else "down")
    return format_number(abs(moved), locale), way
