"""Disputes: payments that a customer's bank took back until it decides."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import reflex as rx

from app.services import ops_money
from app.services.ops_money import DisputeLine
from state.moments import moment
from state.ops.listing import Listing
from state.ops.words import LOCALE, money
from state.session import acting, parse_id


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

    async def _show(self) -> None:
        self.detail = DisputeRow()
        async with acting(self, readonly=True) as ctx:
            self.rows = await self._list(ctx, ops_money.DISPUTES, to_row)
            if self.open_id:
                self.detail = to_row(
                    await ops_money.dispute(ctx, parse_id(self.open_id)), ctx.now()
                )


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
