"""A vendor's figures of one month."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from app.api.deps import VendorCtx
from app.api.lists import MoneyOut, answers
from app.rules.periods import BillingMonth
from app.services import figures

router = APIRouter(prefix="/v1/vendor/usage", tags=["usage"])


class ProOut(BaseModel):
    """What users paid for Pro, refunds taken off, and the vendor's share of it."""

    gross: MoneyOut
    share: MoneyOut


class EstimateOut(BaseModel):
    """What the month's invoice is or would be, with its arithmetic.

    ``amount`` is what would be claimed; activity counts from ``counted_from`` to before
    ``counted_until``.
    """

    amount: str
    currency: str
    active_devices: int
    price: MoneyOut
    subtotal: MoneyOut
    tax_rate: str
    tax: MoneyOut
    carried_in: MoneyOut
    counted_from: dt.date
    counted_until: dt.date


class UsageOut(BaseModel):
    """One month; the running one as of now."""

    month: str
    active_devices: int
    registered_devices: int
    monthly_active_users: int
    estimate: EstimateOut
    pro: ProOut
    pro_by_currency: list[ProOut]


@router.get("", responses=answers(401, 403, 409, 422, 429))
async def show_usage(
    ctx: VendorCtx,
    month: Annotated[
        str | None, Query(description="YYYY-MM; the running month by default.")
    ] = None,
) -> UsageOut:
    """Show active and registered devices, users, the estimated invoice and Pro revenue."""
    wanted = BillingMonth.parse(month) if month else BillingMonth.containing(ctx.now())
    found = await figures.month_usage(ctx, wanted)
    pro = [ProOut(gross=MoneyOut.of(one.gross), share=MoneyOut.of(one.share)) for one in found.pro]
    return UsageOut(
        month=str(found.month),
        active_devices=found.active_devices,
        registered_devices=found.registered_devices,
        monthly_active_users=found.monthly_active_users,
        estimate=_estimate(found.estimate),
        pro=pro[0],
        pro_by_currency=pro,
    )


def _estimate(found: figures.Estimate) -> EstimateOut:
    return EstimateOut(
        amount=found.total.text(),
        currency=found.total.currency,
        active_devices=found.active_devices,
        price=MoneyOut.of(found.price),
        subtotal=MoneyOut.of(found.subtotal),
        tax_rate=str(found.tax_rate),
        tax=MoneyOut.of(found.tax),
        carried_in=MoneyOut.of(found.carried_in),
        counted_from=found.first_day,
        counted_until=found.end_day,
    )
