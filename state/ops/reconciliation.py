"""What does not agree with the provider's copies of a month's invoices, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping

import reflex as rx

from app.rules.periods import BillingMonth
from app.services import reconciliation
from app.services.context import Context
from state.ops.asking import Asking, Question, unknown_act
from state.ops.listing import Listing
from state.ops.reconciliation_rows import FindingRow, to_finding, to_look
from state.ops.usage import month_asked, to_months
from state.session import acting


class ReconciliationState(Asking, Listing, rx.State):
    """One month's findings, and how the newest look at it went."""

    rows: list[FindingRow] = []
    month: str = ""
    months: list[tuple[str, str]] = []
    look: str = ""
    is_running: bool = False

    @rx.event
    async def filter_month(self, month: str) -> rx.event.EventSpec:
        """Show another month."""
        return await self._go(month=month)

    @rx.event
    async def ask(self) -> None:
        """Ask before the provider is asked about every invoice of the month."""
        async with acting(self, readonly=True):
            month = self.month
        question = Question(
            title=f"Look at the invoices of {month} again?",
            text="The provider is asked about each. What agrees by now vanishes from the list.",
            verb="Run again",
            is_danger=False,
        )
        self._pose(question.of("run", month))

    @rx.event
    async def tick(self) -> None:
        """Move by itself while it looks."""
        if self.is_loaded and self.is_running and not self.question.act:
            await self._show()

    async def _do(self, ctx: Context, question: Question, form: Mapping[str, str]) -> str:  # noqa: ARG002
        if question.act != "run":
            raise unknown_act()
        await reconciliation.start(ctx, question.about)
        return "The provider is being asked"

    async def _show(self) -> None:
        async with acting(self, readonly=True) as ctx:
            now = ctx.now()
            self.months = to_months(now)[1:]  # the running month has no invoice yet
            last = str(BillingMonth.containing(now).previous)
            self.month = month_asked(self) or last
            chosen = self.month
            listed = reconciliation.FINDINGS
            self.rows = await self._list(ctx, listed, to_finding, month=chosen)
            found = await reconciliation.newest(ctx, chosen)
        self.is_filtered = bool(self.q or self.status)
        self.look, self.is_running = to_look(found, now)
