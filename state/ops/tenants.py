"""All vendors: what the address asks for, one page at a time."""

from __future__ import annotations

from typing import Final

import reflex as rx

from app.rules.statuses import TenantStatus
from app.services import ops_tenants
from app.services.ops_tenants import STUCK, TenantSearch
from state.ops.listing import Listing
from state.ops.tenant_rows import TenantRow, to_row
from state.session import acting

SORTS: Final = ("created_at", "name", "first_device_at")


class TenantsState(Listing, rx.State):
    """The list of vendors."""

    rows: list[TenantRow] = []

    @rx.event
    async def load(self) -> None:
        """Show what the address asks for."""
        number = self._read((*TenantStatus, STUCK), SORTS)
        search = TenantSearch(self.q, self.status, self._order())
        async with acting(self, readonly=True) as ctx:
            found = await ops_tenants.list_page(ctx, search, number)
            now = ctx.now()
        self.rows = [to_row(line, now) for line in found.rows]
        self._turned(number, found.total)
