"""The agent's calls, the newest first, under the filters the address names."""

from __future__ import annotations

from typing import Final

import reflex as rx

from app.core.errors import InvalidInputError, NotFoundError
from app.rules.gateway import CallStatus
from app.services import activity_pulse, calls
from app.services.actions import ACTIONS
from app.services.calls import CallSearch
from components.tables import PageInfo
from state.agent.call_rows import CallRow, to_row
from state.browsing import address, asked, asked_page, view
from state.session import acting_as_customer, parse_id

PATH: Final = "/agent/calls"
SIZE: Final = 25
DAYS: Final = {"7": 7, "30": 30, "90": 90, "366": 366}


class CallsState(rx.State):
    """What the list shows; the address holds all of it."""

    is_loaded: bool = False
    status: str = ""
    action: str = ""
    days: str = "30"
    actions: list[tuple[str, str]] = []
    rows: list[CallRow] = []
    opened: list[CallRow] = []
    page: PageInfo = PageInfo()
    csv: str = ""
    is_filtered: bool = False
    _pulse: str = ""

    @rx.event
    async def load(self) -> None:
        """Show what the address asks for; what it cannot ask for is left out."""
        status, days = asked(self, "status"), asked(self, "days")
        self.status = status if status in set(CallStatus) else ""
        self.days = days if days in DAYS else "30"
        self.action = asked(self, "action")[:128]
        await self._show(asked_page(self))

    @rx.event
    async def filter_status(self, status: str) -> rx.event.EventSpec:
        """Show only calls that ended in one way."""
        return await self._go(status=status[:16])

    @rx.event
    async def filter_action(self, action: str) -> rx.event.EventSpec:
        """Show only calls of one action."""
        return await self._go(action=action[:128])

    @rx.event
    async def filter_days(self, days: str) -> rx.event.EventSpec:
        """Look further back, or less far."""
        return await self._go(days=days[:3])

    @rx.event
    async def turn_to(self, number: int) -> rx.event.EventSpec:
        """Show another page of the list."""
        return await self._go(page=max(1, number))

    @rx.event
    async def open(self, call_id: str) -> rx.event.EventSpec:
        """Show one call beside the list."""
        return await self._go(open=str(parse_id(call_id)), page=self.page.number)

    @rx.event
    async def close(self) -> rx.event.EventSpec:
        """Go back to the list."""
        self.opened = []
        return await self._go(page=self.page.number)

    @rx.event
    async def tick(self) -> None:
        """Move by itself while its first page is looked at."""
        async with acting_as_customer(self, readonly=True) as ctx:
            pulse = await activity_pulse.of_agent(ctx)
        if self.is_loaded and pulse != self._pulse and self.page.number == 1:
            await self._show(1)

    async def _go(self, **changes: str | int) -> rx.event.EventSpec:
        async with acting_as_customer(self, readonly=True):
            return rx.redirect(view(self, PATH, changes), replace=True)

    async def _show(self, number: int) -> None:
        status = CallStatus(self.status) if self.status else None
        search = CallSearch(DAYS[self.days], status, self.action)
        wanted = asked(self, "open")
        async with acting_as_customer(self, readonly=True) as ctx:
            self._pulse = await activity_pulse.of_agent(ctx)
            found = await calls.list_page(ctx, search, number=number, size=SIZE)
            keys, now = await calls.callers(ctx), ctx.now()
            self.rows = [to_row(one, keys, now) for one in found.rows]
            try:
                one = await calls.get(ctx, parse_id(wanted)) if wanted else None
            except (NotFoundError, InvalidInputError):
                one = None
            self.opened = [to_row(one, keys, now)] if one else []
        self.actions = [("", "Any action"), *((name, name) for name in sorted(ACTIONS))]
        first = (number - 1) * SIZE + 1
        text = f"{first:,}–{first + len(self.rows) - 1:,}" if self.rows else ""
        self.page = PageInfo(text, number, number > 1, found.has_more)
        self.is_filtered = bool(self.status or self.action)
        self.csv = address(
            "/files/agent/calls.csv", days=self.days, status=self.status, action=self.action
        )
        self.is_loaded = True
