"""The vendor's audit feed: everything that happened in its account, newest first."""

from __future__ import annotations

from typing import Final

import reflex as rx

from app.services import activity_pulse, audit, credentials, onboarding
from components.tables import PageInfo
from components.timeline import EventRow
from state.browsing import asked, asked_page, view
from state.session import acting
from state.vendor.audit_rows import to_row

PATH: Final = "/vendor/audit"
SIZE: Final = 40
KINDS: Final = (
    ("", "Everything"),
    ("device.*", "Devices"),
    ("vendor.token_*", "Tokens"),
    ("vendor_token_used_from_new_ip", "New networks"),
    ("invoice.*", "Invoices"),
    ("payment.*", "Payments"),
    ("payout.*", "Payouts"),
    ("pro.*", "Pro payments"),
    ("person.*", "Sign-in"),
    ("vendor.*", "Account"),
    ("ops.*", "Acts of our staff"),
)
RESULTS: Final = (
    ("", "Any result"),
    ("success", "Done"),
    ("denied", "Refused"),
    ("failure", "Failed"),
)


class AuditState(rx.State):
    """What the feed shows; the address holds its filters and its page."""

    is_loaded: bool = False
    kind: str = ""
    result: str = ""
    rows: list[EventRow] = []
    page: PageInfo = PageInfo()
    name: str = ""
    logo_url: str = ""
    _pulse: str = ""

    @rx.event
    async def load(self) -> None:
        """Show what the address asks for."""
        kind, result = asked(self, "kind"), asked(self, "result")
        self.kind = kind if kind in dict(KINDS) else ""
        self.result = result if result in dict(RESULTS) else ""
        await self._show(asked_page(self))

    @rx.event
    async def filter_kind(self, kind: str) -> rx.event.EventSpec:
        """Show only one kind of happening."""
        return await self._go(kind=kind)

    @rx.event
    async def filter_result(self, result: str) -> rx.event.EventSpec:
        """Show only what was done, or what was refused."""
        return await self._go(result=result)

    @rx.event
    async def turn_to(self, number: int) -> rx.event.EventSpec:
        """Show another page of the feed."""
        return await self._go(page=max(1, number))

    @rx.event
    async def tick(self) -> None:
        """Move by itself when something happens."""
        async with acting(self, readonly=True) as ctx:
            pulse = await activity_pulse.of_tenant(ctx)
        if self.is_loaded and pulse != self._pulse:
            await self._show(self.page.number)

    async def _go(self, **changes: str | int) -> rx.event.EventSpec:
        async with acting(self, readonly=True):
            return rx.redirect(view(self, PATH, changes), replace=True)

    async def _show(self, number: int) -> None:
        search = audit.Search(kind=self.kind, result=self.result)
        async with acting(self, readonly=True) as ctx:
            self._pulse = await activity_pulse.of_tenant(ctx)
            tenant = await onboarding.own_tenant(ctx)
            found = await audit.list_page(ctx, search, offset=(number - 1) * SIZE, limit=SIZE)
            tokens = {str(one.id): one.label for one in await credentials.list_tokens(ctx)}
            me, now = ctx.actor.id, ctx.now()
        self.rows = [to_row(row, me, tokens, now, tenant.locale) for row in found.rows]
        self.page = PageInfo.of(number, SIZE, found.total or 0)
        self.name = tenant.display_name
        self.logo_url = f"/auth/logo/{tenant.id}" if tenant.logo_id else ""
        self.is_loaded = True
