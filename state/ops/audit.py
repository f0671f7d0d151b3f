"""The audit stream of everybody."""

from __future__ import annotations

from typing import Final

import reflex as rx

from app.core.errors import InvalidInputError, NotFoundError
from app.services import ops_audit
from app.services.ops_audit import AREAS, RESULTS, AuditSearch
from state.browsing import asked
from state.ops.audit_rows import AuditRow, to_row
from state.ops.listing import Listing
from state.session import acting, parse_id

SORTS: Final = ("at",)


class AuditState(Listing, rx.State):
    """The stream and the act that is open; ``status`` is the result asked for."""

    rows: list[AuditRow] = []
    detail: AuditRow = AuditRow()
    area: str = ""
    tenant: str = ""
    tenant_name: str = ""

    @rx.event
    async def load(self) -> rx.event.EventSpec | None:
        """Show what the address asks for."""
        number = self._read(RESULTS, SORTS, "-at")
        area = asked(self, "area")
        self.area = area if area in AREAS else ""
        self.tenant, self.detail, self.tenant_name = asked(self, "tenant")[:36], AuditRow(), ""
        self.is_filtered = bool(self.is_filtered or self.area or self.tenant)
        try:
            await self._show(number)
        except (NotFoundError, InvalidInputError) as refusal:
            return rx.toast.error(refusal.message)
        return None

    @rx.event
    async def filter_area(self, area: str) -> rx.event.EventSpec:
        """Show only acts of one kind."""
        return await self._go(area=area)

    @rx.event
    async def all_tenants(self) -> rx.event.EventSpec:
        """Show everybody's again."""
        return await self._go(tenant="")

    async def _show(self, number: int) -> None:
        async with acting(self, readonly=True) as ctx:
            search = AuditSearch(
                self.q, self.area, self.status, parse_id(self.tenant) if self.tenant else None
            )
            now = ctx.now()
            found = await ops_audit.list_page(ctx, search, number)
            self.rows = [to_row(line, now) for line in found.rows]
            self._turned(number, found.total)
            if self.open_id:
                opened = await ops_audit.get(ctx, parse_id(self.open_id))
                self.detail = to_row(opened, now)
        if self.tenant and self.rows:
            self.tenant_name = self.rows[0].tenant
