"""What a provider cannot do, said once: such a call is refused, should anybody make it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NoReturn

from app.core.errors import ProviderRefusedError
from app.core.money import Money
from app.services.ports import BillLine, ChargeResult, ProviderInvoice


class WithoutInvoices:
    """The part of ``PaymentProvider`` of one that keeps no copies of our invoices."""

    slug: str
    can_invoice = False

    async def open_invoice(
        self,
        *,
        customer_ref: str,
        invoice_id: str,
        number: str,
        lines: Sequence[BillLine],
        total: Money,
        due_at: dt.datetime,
        idempotency_key: str,
    ) -> ProviderInvoice:
        """Refuse."""
        self._refuse()

    async def charge_invoice(self, provider_ref: str, *, idempotency_key: str) -> ChargeResult:
        """Refuse."""
        self._refuse()

    async def void_invoice(self, provider_ref: str) -> None:
        """Refuse."""
        self._refuse()

    async def fetch_invoice(self, provider_ref: str) -> ProviderInvoice:
        """Refuse."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise ProviderRefusedError(f"{self.slug} keeps no invoices.", reason="not_supported")
