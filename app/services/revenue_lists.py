"""A vendor's Pro payments and payouts, in numbered pages."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, or_
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from app.core.errors import InvalidInputError
from app.core.money import Money
from app.services import paging
from app.services.context import Context
from app.services.paging import Page
from app.services.pro_payments import PAID
from models.device import Acquisition, Device
from models.payment import Payout
from models.usage import ProPayment

SORTS: Final[dict[str, Any]] = {
    "occurred_at": col(ProPayment.occurred_at),
    "gross": col(ProPayment.gross_micros),
}


@dataclass(frozen=True, slots=True)
class ProSearch:
    """Which payments: ``q`` is found in the subscription and in the user; all, or refunded ones."""

    q: str = ""
    is_refunded: bool = False
    sort: str = "-occurred_at"


@dataclass(frozen=True, slots=True)
class ProLine:
    """One payment for Pro and what became of it; ``share`` is what is left of it after refunds.

    ``device_pk`` names the device that acquired the user, and with it the vendor's right to a share.
    """

    id: UUID
    occurred_at: dt.datetime
    subscription_ref: str
    user_omni: str
    device_pk: UUID | None
    device_id: str
    gross: Money
    refunded: Money
    share: Money


async def payments_page(
    ctx: Context,
    search: ProSearch | None = None,
    *,
    offset: int = 0,
    limit: int = paging.DEFAULT_LIMIT,
) -> Page[ProLine]:
    """Return the Pro payments attributed to the acting vendor, and how many match in all."""
    search = search or ProSearch()
    key = SORTS.get(search.sort.removeprefix("-"))
    if key is None:
        problem = f"must be one of {', '.join(SORTS)}, with - for descending"
        raise InvalidInputError(f"The sort {problem}.", fields=[("sort", problem)])
    query = ctx.mine(ProPayment).where(col(ProPayment.kind) == PAID)
    if text := search.q.strip().lower():
        columns = (ProPayment.subscription_ref, ProPayment.user_omni)
        query = query.where(
            or_(*(func.lower(col(one)).contains(text, autoescape=True) for one in columns))
        )
    if search.is_refunded:
        refund = aliased(ProPayment)
        query = query.where(col(ProPayment.id).in_(select(col(refund.refunds_id))))
    total = await ctx.db.scalar(
        select(func.count()).select_from(query.with_only_columns(col(ProPayment.id)).subquery())
    )
    down = search.sort.startswith("-")
    order = (key.desc(), col(ProPayment.id).desc()) if down else (key, col(ProPayment.id))
    rows = (await ctx.db.scalars(query.order_by(*order).offset(offset).limit(limit))).all()
    back = await _given_back(ctx, [row.id for row in rows])
    devices = await _acquired_by(ctx, {row.user_omni for row in rows})
    return Page([_line(row, back, devices) for row in rows], total=total)


async def payouts_page(
    ctx: Context, *, offset: int = 0, limit: int = paging.DEFAULT_LIMIT
) -> Page[Payout]:
    """Return the acting vendor's payouts, the newest month first, and how many there are."""
    query = ctx.mine(Payout)
    total = await ctx.db.scalar(
        select(func.count()).select_from(query.with_only_columns(col(Payout.id)).subquery())
    )
    ordered = query.order_by(col(Payout.period).desc(), col(Payout.id).desc())
    rows = await ctx.db.scalars(ordered.offset(offset).limit(limit))
    return Page(rows.all(), total=total)


async def paid_out(ctx: Context) -> list[Money]:
    """Return what was paid out to the acting vendor, or is on its way, one sum a currency."""
    rows = await ctx.db.execute(
        select(col(Payout.currency), func.sum(col(Payout.sent_micros)))
        .where(col(Payout.tenant_id) == ctx.tenant_id, col(Payout.sent_micros) != 0)
        .group_by(col(Payout.currency))
        .order_by(col(Payout.currency))
    )
    return [Money(int(micros), currency) for currency, micros in rows]


async def _given_back(ctx: Context, ids: list[UUID]) -> dict[UUID | None, tuple[int, int]]:
    """Sum the refunds of payments: (gross, share) in micros, both at most zero."""
    rows = await ctx.db.execute(
        select(
            col(ProPayment.refunds_id),
            func.sum(col(ProPayment.gross_micros)),
            func.sum(col(ProPayment.share_micros)),
        )
        .where(col(ProPayment.refunds_id).in_(ids), col(ProPayment.tenant_id) == ctx.tenant_id)
        .group_by(col(ProPayment.refunds_id))
    )
    return {id_: (int(gross), int(share)) for id_, gross, share in rows}


async def _acquired_by(ctx: Context, users: set[str]) -> dict[str, tuple[UUID, str]]:
    rows = await ctx.db.execute(
        select(col(Acquisition.user_omni), col(Device.id), col(Device.device_id))
        .join(Device, col(Device.id) == Acquisition.device_pk)
        .where(col(Acquisition.user_omni).in_(users), col(Device.tenant_id) == ctx.tenant_id)
    )
    return {user: (pk, name) for user, pk, name in rows}


def _line(
    row: ProPayment,
    back: dict[UUID | None, tuple[int, int]],
    devices: dict[str, tuple[UUID, str]],
) -> ProLine:
    gross, share = back.get(row.id, (0, 0))
    device_pk, device_id = devices.get(row.user_omni, (None, ""))
    return ProLine(
        id=row.id,
        occurred_at=row.occurred_at,
        subscription_ref=row.subscription_ref,
        user_omni=row.user_omni,
        device_pk=device_pk,
        device_id=device_id,
        gross=Money(row.gross_micros, row.currency),
        refunded=Money(-gross, row.currency),
        share=Money(row.share_micros + share, row.currency),
    )
