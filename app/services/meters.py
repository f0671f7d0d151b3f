"""What a month's invoice counts, for each kind of customer: who owes something, and for what."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol
from uuid import UUID

from app.rules.periods import BillingMonth
from app.services import call_counting, counting
from app.services.context import Context
from app.services.opening import DraftLine
from models.invoice import Invoice
from models.tenant import Programme, Tenant


class Meter(Protocol):
    """Counts one month of one kind of customer; both parts are in the transaction that opens."""

    async def owing(
        self, ctx: Context, tenants: Mapping[UUID, Tenant], month: BillingMonth
    ) -> dict[UUID, str]:
        """Return whom to invoice, with the currency."""
        ...

    async def lines(
        self, ctx: Context, invoices: Collection[Invoice], month: BillingMonth
    ) -> dict[UUID, Sequence[DraftLine]]:
        """Keep the evidence of drafts and return their lines, by tenant."""
        ...


METERS: Final[Mapping[Programme, Meter]] = {
    Programme.VENDOR: counting.DEVICES,
    Programme.AGENT: call_counting.CALLS,
}
