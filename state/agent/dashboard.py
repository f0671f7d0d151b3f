"""The dashboard of the human behind an agent: where it stands, what is to be done, what it just did."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx

from app.services import activity_pulse, agent_usage, calls, pay_links, spend
from app.services.calls import CallSearch
from components.code import shorten
from state.agent.call_rows import CallRow
from state.agent.call_rows import to_row as to_call
from state.agent.debt_rows import DebtRow, to_debt
from state.agent.snippets import curl_snippet
from state.agent.standing_rows import StandingRow, to_row
from state.session import acting_as_customer

LATEST = 5


@dataclass(frozen=True)
class TodoRow:
    """One thing of the getting-started list."""

    id: str
    title: str
    text: str
    href: str
    verb: str
    is_done: bool


class AgentDashboardState(rx.State):
    """The running month, the list of what to begin with, the latest calls, and what is to be paid."""

    is_loaded: bool = False
    now: StandingRow = StandingRow()
    todo: list[TodoRow] = []
    done: str = ""
    is_begun: bool = False
    latest: list[CallRow] = []
    debts: list[DebtRow] = []
    tenant: str = ""
    tenant_short: str = ""
    first_call: str = ""
    _pulse: str = ""

    @rx.event
    async def load(self) -> None:
        """Show everything as of now."""
        await self._show()

    @rx.event
    async def tick(self) -> None:
        """Move by itself when the agent calls something or its account changes."""
        async with acting_as_customer(self, readonly=True) as ctx:
            pulse = await activity_pulse.of_agent(ctx)
        if self.is_loaded and pulse != self._pulse:
            await self._show()

    async def _show(self) -> None:
        async with acting_as_customer(self, readonly=True) as ctx:
            self._pulse = await activity_pulse.of_agent(ctx)
            standing = await agent_usage.standing(ctx)
            limits = await spend.show(ctx)
            found = await calls.list_page(ctx, CallSearch(days=366), size=LATEST)
            keys = await calls.callers(ctx)
            self.now = to_row(standing, ctx.now())
            self.latest = [to_call(one, keys, ctx.now()) for one in found.rows]
            self.debts = [
                to_debt(one, pay_links.path(ctx, one.invoice.id))
                for one in await agent_usage.debts(ctx)
            ]
            self.tenant = str(ctx.tenant_id)
            self.first_call = curl_snippet(ctx.site_url, "", "meta.actions", {})
        self.tenant_short = shorten(self.tenant)
        has_called = standing.last_call_at is not None
        self.todo = [
            TodoRow(
                "call",
                "Make the first call",
                "With the key the agent was given, or by hand in the console.",
                "/agent/docs",
                "Open the console",
                has_called,
            ),
            TodoRow(
                "upgrade",
                "Upgrade",
                "Store a card, and the agent is never stopped at the end of its free calls.",
                "/agent/upgrade",
                "See what it costs",
                standing.is_paid,
            ),
            TodoRow(
                "alerts",
                "Set a budget",
                "Be told by mail at 50, 80 and 100 % of it, and stop there if you like.",
                "/agent/alerts",
                "Set a budget",
                limits.budget is not None,
            ),
        ]
        done = sum(one.is_done for one in self.todo)
        self.done, self.is_begun = f"{done} of {len(self.todo)} done", done == len(self.todo)
        self.is_loaded = True
