"""Who called how much in a month: by agent, and by organisation."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import reflex as rx

from app.core.errors import InvalidInputError
from app.core.locale import format_number
from app.rules.periods import BillingMonth
from app.rules.quota import Tier
from app.services import ops_usage
from app.services.ops_usage import OrganisationLine, UsageLine
from state.browsing import address, asked
from state.ops.agent_rows import used_of
from state.ops.listing import Listing
from state.ops.words import LOCALE, money
from state.session import acting

MONTHS = 12
"""How far back the choice of months goes."""


@dataclass(frozen=True)
class UsageRow:
    """An agent's month in the list."""

    id: str
    name: str
    agent_id: str
    tier: str
    calls: str
    used: str
    is_near: bool
    refused: str
    failed: str
    rate: str
    cost: str


@dataclass(frozen=True)
class OrganisationRow:
    """An organisation's month in the list."""

    id: str
    href: str
    name: str
    tenants: str
    calls: str
    succeeded: str
    charged: str
    cost: str


class UsageState(Listing, rx.State):
    """The agents that called in a month."""

    rows: list[UsageRow] = []
    month: str = ""
    months: list[tuple[str, str]] = []

    @rx.event
    async def filter_month(self, month: str) -> rx.event.EventSpec:
        """Show another month."""
        return await self._go(month=month)

    async def _show(self) -> None:
        async with acting(self, readonly=True) as ctx:
            self.months, self.month = to_months(ctx.now()), month_asked(self)
            self.rows = await self._list(ctx, ops_usage.USAGE, to_usage, month=self.month)


class OrganisationsState(Listing, rx.State):
    """The organisations whose agents called in a month."""

    rows: list[OrganisationRow] = []
    month: str = ""
    months: list[tuple[str, str]] = []

    @rx.event
    async def filter_month(self, month: str) -> rx.event.EventSpec:
        """Show another month."""
        return await self._go(month=month)

    async def _show(self) -> None:
        async with acting(self, readonly=True) as ctx:
            self.months, self.month = to_months(ctx.now()), month_asked(self)
            listed = ops_usage.ORGANISATIONS
            self.rows = await self._list(ctx, listed, to_organisation, month=self.month)


def month_asked(state: rx.State) -> str:
    """Return the month that an address asks for, empty for the running one and for anything odd."""
    text = asked(state, "month")
    try:
        return str(BillingMonth.parse(text)) if text else ""
    except InvalidInputError:
        return ""


def to_months(now: dt.datetime) -> list[tuple[str, str]]:
    """Return the months to choose from, the running one first."""
    month = BillingMonth.containing(now)
    named: list[tuple[str, str]] = [("", f"{month.first_day:%B %Y}")]
    for _ in range(MONTHS - 1):
        month = month.previous
        named.append((str(month), f"{month.first_day:%B %Y}"))
    return named


def to_usage(line: UsageLine, now: dt.datetime) -> UsageRow:  # noqa: ARG001 - all lists say rows so
    """Say an agent's month."""
    return UsageRow(
        id=str(line.agent.tenant_id),
        name=line.name,
        agent_id=line.agent.agent_id,
        tier="By the call" if line.tier is Tier.PAID else "Free",
        calls=format_number(line.calls, LOCALE),
        used=used_of(line.charged, line.budget_calls)
        if line.limit is None
        else used_of(line.used, line.limit),
        is_near=line.is_near,
        refused=format_number(line.refused, LOCALE),
        failed=format_number(line.failed, LOCALE),
        rate=f"{100 * line.failed // line.calls}%" if line.calls else "0%",
        cost=money(line.cost),
    )


def to_organisation(line: OrganisationLine, now: dt.datetime) -> OrganisationRow:  # noqa: ARG001
    """Say an organisation's month."""
    return OrganisationRow(
        id=line.organisation or "-",
        href=address("/ops/usage", q=line.organisation),
        name=line.organisation or "Named none",
        tenants=format_number(line.tenants, LOCALE),
        calls=format_number(line.calls, LOCALE),
        succeeded=format_number(line.succeeded, LOCALE),
        charged=format_number(line.charged, LOCALE),
        cost=money(line.cost),
    )
