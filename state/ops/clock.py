"""The sandbox's clock: what time the product believes it is, and moving it forward."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator

import reflex as rx

from app import clockwork, runtime
from app.core.errors import DomainError, InvalidInputError
from app.core.locale import format_datetime
from app.rules.periods import BillingMonth
from app.services import sandbox
from state.ops.asking import day_in, in_words
from state.ops.words import LOCALE, several
from state.session import acting
from state.shell import ShellState


class ClockState(rx.State):
    """The clock, and what moving it would pass."""

    is_loaded: bool = False
    is_sandbox: bool = False
    now: str = ""
    next_month: str = ""
    tomorrow: str = ""
    earliest_day: str = ""
    goal: str = ""
    goal_text: str = ""
    days: int = 0
    done_days: int = 0
    done_text: str = ""
    is_moving: bool = False
    error: str = ""

    @rx.event
    async def load(self) -> None:
        """Show the product's time."""
        self.error = self.goal = ""
        self.is_moving = False
        async with acting(self, readonly=True) as ctx:
            ctx.require_ops()
            self.is_sandbox = ctx.settings.is_sandbox
        self._show()

    @rx.event
    async def ask(self, step: str) -> None:
        """Ask before the clock is moved by a day or to the next month."""
        async with acting(self, readonly=True) as ctx:
            now = ctx.now()
        goals = {
            "day": now + dt.timedelta(days=1),
            "month": BillingMonth.containing(now).next.start,
        }
        if step not in goals:
            raise InvalidInputError("The clock moves by a day or to a month.")
        await self._pose(goals[step])

    @rx.event
    async def ask_for_day(self, form: dict[str, str]) -> None:
        """Ask before the clock is moved to a day."""
        try:
            await self._pose(dt.datetime.combine(day_in(form, "day"), dt.time(), dt.UTC))
        except DomainError as refusal:
            self.error = in_words(refusal)

    @rx.event
    async def cancel(self) -> None:
        """Leave the clock as it is."""
        async with acting(self, readonly=True):
            self.goal = ""

    @rx.event
    async def confirm(self, form: dict[str, str]) -> AsyncGenerator[rx.event.EventSpec | None]:  # noqa: ARG002
        """Move day by day, showing how far it came; what fell due on each day runs first."""
        async with acting(self, readonly=True) as ctx:
            to = _instant(self.goal)
            stops, actor = sandbox.check(ctx, to), ctx.actor
        self.goal, self.error, self.is_moving = "", "", True
        self.days, self.done_days = len(stops), 0
        self.done_text = "Beginning"
        yield None
        try:
            for stop in stops:
                await clockwork.move(runtime.current(), actor, stop)
                self.done_days += 1
                self.done_text = f"{self.done_days} of {several(self.days, 'stop')} done"
                await self._show_everywhere()
                yield None
        except DomainError as refusal:
            self.error = in_words(refusal)
        self.is_moving = False
        await self._show_everywhere()
        yield rx.toast.success(f"It is {self.now}")

    async def _pose(self, to: dt.datetime) -> None:
        self.error = self.goal = ""
        async with acting(self, readonly=True) as ctx:
            self.days = len(sandbox.check(ctx, to))
        self.goal, self.goal_text = to.isoformat(), format_datetime(to, LOCALE)

    async def _show_everywhere(self) -> None:
        self._show()
        (await self.get_state(ShellState))._show_clock()

    def _show(self) -> None:
        now = runtime.current().clock.now()
        self.now = format_datetime(now, LOCALE)
        self.tomorrow = format_datetime(now + dt.timedelta(days=1), LOCALE)
        self.next_month = format_datetime(BillingMonth.containing(now).next.start, LOCALE)
        self.earliest_day = str((now + dt.timedelta(days=1)).date())
        self.is_loaded = True


def _instant(text: str) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError("There is nothing to confirm here.") from error
