"""All customers: what the address asks for, one page at a time."""

from __future__ import annotations

import reflex as rx

from app.services import ops_tenants
from state.browsing import asked
from state.ops.listing import Listing
from state.ops.tenant_rows import PROGRAMMES, TenantRow, to_row
from state.session import acting


class TenantsState(Listing, rx.State):
    """The list of customers."""

    rows: list[TenantRow] = []
    programme: str = ""

    @rx.event
    async def filter_programme(self, programme: str) -> rx.event.EventSpec:
        """Show only customers of one kind."""
        return await self._go(programme=programme)

    async def _show(self) -> None:
        async with acting(self, readonly=True) as ctx:
            asked_for = asked(self, "programme")
            self.programme = asked_for if asked_for in PROGRAMMES else ""
            listed = ops_tenants.TENANTS
            self.rows = await self._list(ctx, listed, to_row, programme=self.programme)
