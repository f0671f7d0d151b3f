"""Disputes: payments that a customer's bank took back until it decides."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import reflex as rx

from app.core.errors import InvalidInputError, NotFoundError
from app.rules.statuses import DisputeStatus
from app.services import ops_money
from app.services.ops_money import DisputeLine, MoneySearch
from state.moments import moment
from state.ops.listing import Listing
from state.ops.words import LOCALE, money
from state.session import acting, parse_id

SORTS: Final = ("created_at", "respond_by", "amount")


@dataclass(frozen=True)
class DisputeRow:
    """A dispute in its list, and beside it."""

    id: str = ""
    vendor: str = ""
    tenant_id: str = ""
    number: str = ""
    invoice_id: str = ""
    payment_id: str = ""
    status: str = ""
    amount: str = ""
    reason: str = ""
    provider: str = ""
    provider_ref: str = ""
    respond_by: str = ""
    opened: str = ""
    opened_exact: str = ""
    closed: str = ""


class DisputesState(Listing, rx.State):
    """The list of disputes and the one that is open beside it."""

    rows: list[DisputeRow] = []
    detail: DisputeRow = DisputeRow()

    @rx.event
    async def load(self) -> rx.event.EventSpec | None:
        """Show what the address asks for."""
        try:
            await self._show()
        except (NotFoundError, InvalidInputError) as refusal:
            return rx.toast.error(refusal.message)
        return None

    async def _show(self) -> None:
        number = self._read(tuple(DisputeStatus), SORTS)
        search = MoneySearch(self.q, self.status, self._order())
        self.detail = DisputeRow()
        async with acting(self, readonly=True) as ctx:
            now = ctx.now()
            found = await ops_money.disputes_page(ctx, search, number)
            self.rows = [to_row(line, now) for line in found.rows]
            self._turned(number, found.total)
            if self.open_id:
                opened = await ops_money.dispute(ctx, parse_id(self.open_id))
                self.detail = to_row(opened, now)


def to_row(line: DisputeLine, now: dt.datetime) -> DisputeRow:
    """Say a dispute."""
    one = line.dispute
    opened = moment(one.opened_at, now, LOCALE)
    return DisputeRow(
        id=str(one.id),
        vendor=line.vendor,
        tenant_id=str(one.tenant_id),
        number=line.number or "–",
        invoice_id=str(one.invoice_id or ""),
        payment_id=str(one.payment_id),
        status=one.status.value,
        amount=money(one.amount),
        reason=one.reason.replace("_", " ").capitalize() or "Not given",
        provider=one.provider,
        provider_ref=one.provider_ref,
        respond_by=moment(one.respond_by, now, LOCALE).exact if one.respond_by else "–",
        opened=opened.text,
        opened_exact=opened.exact,
        closed=moment(one.closed_at, now, LOCALE).exact if one.closed_at else "–",
    )
