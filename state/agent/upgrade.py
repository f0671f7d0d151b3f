"""From free to paid by the call, and back: storing, replacing and removing a card."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import reflex as rx

from app.core.errors import DomainError
from app.core.locale import format_date, format_money
from app.rules.periods import BillingMonth
from app.rules.quota import FREE_CALLS, LEAST_INVOICE, PRICE
from app.services import agent_usage, upgrades
from app.services.upgrades import CardState
from models.agent import PaymentState
from state.agent.standing_rows import LOCALE
from state.session import acting_as_customer


@dataclass(frozen=True)
class CardRow:
    """The card, and how long the agent pays by the call."""

    label: str = ""
    since: str = ""
    upgraded: str = ""
    until: str = ""
    is_paid: bool = False
    is_waiting: bool = False


class UpgradeState(rx.State):
    """What the agent pays with."""

    is_loaded: bool = False
    card: CardRow = CardRow()
    price: str = format_money(PRICE, LOCALE)
    thousand: str = format_money(PRICE.times(1_000), LOCALE)
    least: str = format_money(LEAST_INVOICE, LOCALE)
    free_calls: int = FREE_CALLS
    used: str = ""
    ends: str = ""
    is_asking: bool = False
    error: str = ""

    @rx.event
    async def load(self) -> None:
        """Show what is stored; whoever comes back from the provider waits here for its word."""
        self.is_asking, self.error = False, ""
        await self._show()

    @rx.event
    async def tick(self) -> None:
        """Notice by itself when the provider has stored the card, or let go of it."""
        if self.is_loaded:
            await self._show()

    @rx.event
    async def store(self) -> rx.event.EventSpec:
        """Continue on the provider's page; the card is stored there, and nothing is charged."""
        async with acting_as_customer(self) as ctx:
            return rx.redirect(await upgrades.store_card(ctx))

    @rx.event
    async def ask(self) -> None:
        """Ask before the card is removed."""
        async with acting_as_customer(self, readonly=True):
            self.is_asking, self.error = True, ""

    @rx.event
    async def cancel(self) -> None:
        """Leave it as it is."""
        async with acting_as_customer(self, readonly=True):
            self.is_asking = False

    @rx.event
    async def remove(self, form: dict[str, str]) -> rx.event.EventSpec | None:  # noqa: ARG002 - the dialog sends its form
        """Let go of the card; the agent is free again from the month's end on."""
        try:
            async with acting_as_customer(self) as ctx:
                await upgrades.remove_card(ctx)
        except DomainError as refusal:
            if refusal.reason not in ("invoices_open", "no_payment_method"):
                raise
            self.error = refusal.message
            return None
        self.is_asking = False
        await self._show()
        return rx.toast.success("The card is removed")

    async def _show(self) -> None:
        async with acting_as_customer(self, readonly=True) as ctx:
            found = await upgrades.card(ctx)
            standing = await agent_usage.standing(ctx)
            month = BillingMonth.containing(ctx.now())
        self.card = _row(found)
        self.used = f"{standing.quota.used:,}"
        self.ends = format_date(month.end.date(), LOCALE)
        self.is_loaded = True


def _row(found: CardState) -> CardRow:
    return CardRow(
        label=found.label,
        since=_day(found.since),
        upgraded=_day(found.upgraded_at),
        until=_day(found.paid_until) if found.is_paid else "",
        is_paid=found.is_paid,
        is_waiting=found.state is PaymentState.SETUP_PENDING and found.is_page_open,
    )


def _day(at: dt.datetime | None) -> str:
    return format_date(at.date(), LOCALE) if at else ""
