"""All vendors: what the address asks for, one page at a time."""

from __future__ import annotations

import reflex as rx

from app.services import ops_tenants
from state.ops.listing import Listing
from state.ops.tenant_rows import TenantRow, to_row
from state.session import acting


class TenantsState(Listing, rx.State):
    """The list of vendors."""

    rows: list[TenantRow] = []

    async def _show(self) -> None:
        async with acting(self, readonly=True) as ctx:
            self.rows = await self._list(ctx, ops_tenants.TENANTS, to_row)
