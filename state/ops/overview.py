"""What operations look at first: what needs somebody, the monthly run, key figures."""

from __future__ import annotations

import reflex as rx

from app.core.locale import format_number
from app.services import books, ops_overview
from app.services.ops_overview import Pulse
from state.ops.overview_rows import (
    FirstDeviceRow,
    RunRow,
    WaitingRow,
    to_books,
    to_first_device,
    to_run,
    to_waiting,
)
from state.ops.words import LOCALE, several, span, sums
from state.session import acting


class OverviewState(rx.State):
    """The overview of operations."""

    is_loaded: bool = False
    waiting: list[WaitingRow] = []
    books: list[str] = []
    books_note: str = ""
    run: RunRow = RunRow()
    tenants: str = ""
    tenants_note: str = ""
    agents: str = ""
    agents_note: str = ""
    devices: str = ""
    devices_note: str = ""
    estimate: str = ""
    estimate_note: str = ""
    median: str = ""
    median_note: str = ""
    on_time: str = ""
    recent: list[FirstDeviceRow] = []
    _print: str = ""

    @rx.event
    async def load(self) -> None:
        """Show everything as of now, and the books as they were last looked at."""
        await self._show()

    @rx.event
    async def tick(self) -> None:
        """Move by itself while a run works or something fails."""
        async with acting(self, readonly=True) as ctx:
            seen = await ops_overview.fingerprint(ctx)
        if seen != self._print:
            await self._show()

    async def _show(self) -> None:
        async with acting(self, readonly=True) as ctx:
            self._print = await ops_overview.fingerprint(ctx)
            self.waiting = to_waiting(await ops_overview.attention(ctx))
            run = await ops_overview.latest_run(ctx)
            pulse = await ops_overview.pulse(ctx)
            recent = await ops_overview.recent_first_devices(ctx)
            checked = await books.last(ctx)
            now = ctx.now()
        self.books = checked.problems[:20] if checked else []
        self.books_note = to_books(checked, now)
        self.run = to_run(run) if run else RunRow()
        self._show_figures(pulse)
        self.recent = [to_first_device(one) for one in recent]
        self.estimate_note = f"If {now:%B} ended today"
        if len(pulse.estimate) > 1:
            self.estimate_note = f"and {sums(pulse.estimate[:-1])}, if {now:%B} ended today"
        self.is_loaded = True

    def _show_figures(self, pulse: Pulse) -> None:
        self.tenants = format_number(pulse.active_vendors, LOCALE)
        self.tenants_note = f"{pulse.pending_vendors:,} in onboarding"
        self.agents = format_number(pulse.active_agents, LOCALE)
        calls = several(pulse.calls, "billable call")
        self.agents_note = f"{pulse.paying_agents:,} pay by the call, {calls} this month"
        self.devices = format_number(pulse.active_devices, LOCALE)
        self.devices_note = f"{pulse.registered_devices:,} registered"
        self.estimate = sums(pulse.estimate[-1:])
        self.median = span(pulse.median_to_first_device)
        self.median_note = f"Median of {several(pulse.measured_tenants, 'vendor')}"
        share = pulse.within_target * 100 // pulse.measured_tenants if pulse.measured_tenants else 0
        self.on_time = f", {share}% within 30 minutes" if pulse.measured_tenants else ""
