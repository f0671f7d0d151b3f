"""Monthly runs and jobs: how far they came, what failed, and trying again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import reflex as rx

from app.services import billing_runs, ops_exchange, outbox
from app.services.billing_runs import FailedMonth
from app.services.context import Context
from app.services.ops_bulk import Chosen
from state.moments import moment
from state.ops.asking import Question, unknown_act
from state.ops.listing import Listing
from state.ops.outgoing import OutgoingRow, to_outgoing
from state.ops.overview_rows import RunRow, to_run
from state.ops.repeating import Repeating, Repetition
from state.ops.words import LOCALE
from state.session import acting, parse_id

RUNS: Final = 6
WORDS: Final = Repetition(
    "job",
    "Run {} again?",
    "It begins at once.",
    "Try again",
    "Run again",
)


@dataclass(frozen=True)
class FailedRow:
    """A vendor's month that stopped."""

    id: str
    tenant_id: str
    period: str
    name: str
    step: str
    error: str
    attempts: int
    retry: str


class JobsState(Repeating, Listing, rx.State):
    """The newest runs, the months that failed in them, and the list of jobs."""

    runs: list[RunRow] = []
    failed: list[FailedRow] = []
    rows: list[OutgoingRow] = []
    detail: OutgoingRow = OutgoingRow()

    @rx.event
    async def tick(self) -> None:
        """Move by itself while a run works."""
        if self.is_loaded and not self.open_id and not self.question.act:
            await self._show()

    @rx.event
    async def ask_month(self, about: str) -> None:
        """Ask before a vendor's month is billed again."""
        async with acting(self, readonly=True):
            month = next((row for row in self.failed if row.id == about), None)
        if month is None:
            raise unknown_act()
        self._pose(
            Question(
                "month",
                month.id,
                title=f"Bill {month.period} of {month.name} again?",
                text="It goes on after the last step that finished. Nothing is claimed twice.",
                verb="Try again",
                is_danger=False,
            )
        )

    async def _do(self, ctx: Context, question: Question, form: Mapping[str, str]) -> str:
        if question.act != "month":
            return await super()._do(ctx, question, form)
        tenant_id, _, period = question.about.partition(":")
        await billing_runs.retry_tenant(ctx, parse_id(tenant_id), period)
        return "It is billed again"

    def _words(self) -> Repetition:
        return WORDS

    async def _one(self, ctx: Context, one: Chosen, once: str) -> None:  # noqa: ARG002
        await outbox.retry(ctx, one.id, seen=one.attempts)

    async def _show(self) -> None:
        self.detail = OutgoingRow()
        async with acting(self, readonly=True) as ctx:
            newest = await billing_runs.runs(ctx, limit=RUNS)
            runs = [await billing_runs.progress(ctx, run.period) for run in newest]
            self.runs = [to_run(run) for run in runs]
            self.failed = [to_failed(one, run.period) for run in runs for one in run.failed]
            self.rows = await self._list(ctx, ops_exchange.JOBS, to_outgoing)
            if self.open_id:
                opened = await ops_exchange.outgoing(ctx, parse_id(self.open_id))
                self.detail = to_outgoing(opened, ctx.now(), whole=True)
        self._choose(self.chosen)


def to_failed(one: FailedMonth, period: str) -> FailedRow:
    """Say a month that stopped."""
    at = one.retry_at
    return FailedRow(
        id=f"{one.tenant_id}:{period}",
        tenant_id=str(one.tenant_id),
        period=period,
        name=one.name,
        step=one.step.replace("_", " ") or "the first step",
        error=one.error,
        attempts=one.attempts,
        retry=moment(at, at, LOCALE).exact if at else "Not by itself",
    )
