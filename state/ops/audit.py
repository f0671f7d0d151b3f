"""The audit stream of everybody."""

from __future__ import annotations

import reflex as rx

from app.services import ops_audit
from app.services.ops_audit import AREAS
from state.browsing import asked
from state.ops.audit_rows import AuditRow, to_row
from state.ops.listing import Listing
from state.session import acting, parse_id


class AuditState(Listing, rx.State):
    """The stream and the act that is open; ``status`` is the result asked for."""

    rows: list[AuditRow] = []
    detail: AuditRow = AuditRow()
    area: str = ""
    tenant: str = ""
    tenant_name: str = ""

    @rx.event
    async def filter_area(self, area: str) -> rx.event.EventSpec:
        """Show only acts of one kind."""
        return await self._go(area=area)

    @rx.event
    async def all_tenants(self) -> rx.event.EventSpec:
        """Show everybody's again."""
        return await self._go(tenant="")

    async def _show(self) -> None:
        area = asked(self, "area")
        self.area = area if area in AREAS else ""
        self.tenant, self.detail, self.tenant_name = asked(self, "tenant")[:36], AuditRow(), ""
        tenant_id = parse_id(self.tenant) if self.tenant else None
        async with acting(self, readonly=True) as ctx:
            self.rows = await self._list(
                ctx, ops_audit.STREAM, to_row, area=self.area, tenant_id=tenant_id
            )
            if self.open_id:
                opened = await ops_audit.get(ctx, parse_id(self.open_id))
                self.detail = to_row(opened, ctx.now())
        if self.tenant and self.rows:
            self.tenant_name = self.rows[0].tenant
