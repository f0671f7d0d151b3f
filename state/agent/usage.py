"""What the agent uses: the month as it counts up, and the calls of a range by action and day."""

from __future__ import annotations

import datetime as dt

import reflex as rx
from plotly.graph_objects import Figure

from app.services import activity_pulse, agent_usage, call_usage
from components.charts import ChartRow, chart_figure, chart_rows
from components.explain import WhyRow
from state.agent.standing_rows import StandingRow, forecast_line, to_row, why_cost
from state.agent.usage_rows import ActionRow, to_actions, to_series
from state.browsing import asked, view
from state.session import acting_as_customer

DAYS = {"7d": 7, "30d": 30, "90d": 90, "12m": 365}


class UsageState(rx.State):
    """The running month, and one range."""

    is_loaded: bool = False
    now: StandingRow = StandingRow()
    why: WhyRow = WhyRow()
    forecast_line: str = ""
    range: str = "30d"
    figure: Figure = Figure()
    chart_rows: list[ChartRow] = []
    heads: list[str] = ["Day"]
    actions: list[ActionRow] = []
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
        async with acting_as_customer(self, readonly=True):
            return rx.redirect(view(self, "/agent/usage", {"range": key[:3]}), replace=True)

    @rx.event
    async def tick(self) -> None:
        """Count up by itself when the agent calls something."""
        async with acting_as_customer(self, readonly=True) as ctx:
            pulse = await activity_pulse.of_agent(ctx)
        if self.is_loaded and pulse != self._pulse:
            await self._show()

    async def _show(self) -> None:
        async with acting_as_customer(self, readonly=True) as ctx:
            self._pulse = await activity_pulse.of_agent(ctx)
            standing = await agent_usage.standing(ctx)
            last = ctx.now().date()
            first = last - dt.timedelta(days=DAYS[self.range] - 1)
            days = await call_usage.by_day(ctx, first, last)
            self.now = to_row(standing, ctx.now())
        self.why, self.forecast_line = why_cost(standing), forecast_line(standing)
        bars = to_series(days, first, last)
        self.figure, self.chart_rows = chart_figure(bars, stacked=True), chart_rows(bars)
        self.heads = ["Day", *(one.name for one in bars)]
        self.actions = to_actions(days)
        self.is_loaded = True
