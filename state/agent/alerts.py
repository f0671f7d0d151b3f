"""The budget of a month: how far it is spent, who is told when, and whether it stops calls."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx

from app.core.errors import InvalidInputError
from app.core.locale import format_date, format_datetime, format_money
from app.core.money import Money
from app.rules.quota import PRICE
from app.services import activity_pulse, agents, spend
from app.services.spend import Limits
from state.agent.standing_rows import LOCALE
from state.session import acting_as_customer


@dataclass(frozen=True)
class AlertRow:
    """A part of the budget at which a mail is sent."""

    id: str
    part: str
    amount: str
    status: str


@dataclass(frozen=True)
class BudgetRow:
    """The budget, and how far the month has come; ``cents`` are for the bar."""

    amount: str = ""
    typed: str = ""
    spent: str = ""
    spent_cents: int = 0
    cents: int = 0
    remaining: str = ""
    renews: str = ""
    set_by: str = ""
    hard_stop: bool = False
    is_stopped: bool = False


class AlertsState(rx.State):
    """What is set, and the form that sets it."""

    is_loaded: bool = False
    email: str = ""
    budget: BudgetRow = BudgetRow()
    alerts: list[AlertRow] = []
    error: str = ""
    _pulse: str = ""

    @rx.event
    async def load(self) -> None:
        """Show the budget and what is spent of it."""
        self.error = ""
        await self._show()

    @rx.event
    async def tick(self) -> None:
        """Move by itself while calls are made."""
        async with acting_as_customer(self, readonly=True) as ctx:
            pulse = await activity_pulse.of_agent(ctx)
        if self.is_loaded and pulse != self._pulse:
            await self._show()

    @rx.event
    async def save(self, form: dict[str, str]) -> rx.event.EventSpec | None:
        """Set the budget; an empty amount takes it away."""
        try:
            async with acting_as_customer(self) as ctx:
                budget = _amount(form.get("budget", ""))
                stop = bool(form.get("hard_stop")) and budget is not None
                await spend.set_limits(ctx, budget, hard_stop=stop)
        except InvalidInputError as refusal:
            self.error = refusal.message
            return None
        self.error = ""
        await self._show()
        return rx.toast.success("The budget is set" if budget else "There is no budget any more")

    async def _show(self) -> None:
        async with acting_as_customer(self, readonly=True) as ctx:
            self._pulse = await activity_pulse.of_agent(ctx)
            self.email = (await agents.reading(ctx)).email
            limits = await spend.show(ctx)
        self.budget = _row(limits)
        self.alerts = [
            AlertRow(
                str(percent),
                f"{percent} %",
                format_money(amount, LOCALE),
                "Reached this month" if reached else "Not reached",
            )
            for percent, amount, reached in limits.alerts
        ]
        self.is_loaded = True


def _amount(text: str) -> Money | None:
    typed = text.strip().removeprefix("$").replace(",", "")
    if not typed:
        return None
    try:
        return Money.of(typed, PRICE.currency)
    except ValueError as error:
        problem = "must be an amount such as 25.00"
        raise InvalidInputError(f"The budget {problem}.", fields=[("budget", problem)]) from error


def _row(limits: Limits) -> BudgetRow:
    spent, budget = limits.spent, limits.budget
    row = BudgetRow(
        spent=format_money(spent, LOCALE),
        renews=format_date(limits.month.end.date(), LOCALE),
    )
    if budget is None:
        return row
    set_at = f" on {format_datetime(limits.set_at, LOCALE)}" if limits.set_at else ""
    return BudgetRow(
        amount=format_money(budget, LOCALE),
        typed=budget.text(),
        spent=row.spent,
        spent_cents=min(spent.micros, budget.micros) // 10_000,
        cents=budget.micros // 10_000,
        remaining=format_money(limits.remaining or budget, LOCALE),
        renews=row.renews,
        set_by=f"Set by {limits.set_by}{set_at}",
        hard_stop=limits.hard_stop,
        is_stopped=limits.is_stopped,
    )
