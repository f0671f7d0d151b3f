"""What each vendor pays a device: contracts with start dates, announced in time, never changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select

from app.core.errors import InvalidInputError, NotFoundError
from app.core.money import Money
from app.rules import rating
from app.services import notices
from app.services.context import Context
from models.person import Role
from models.price import PriceContract
from models.tenant import Tenant


async def price_in_force(
    ctx: Context, tenant_id: UUID, day: dt.date | None = None
) -> PriceContract:
    """Return the contract a vendor's price follows from on a day, today by default.

    Raises ``ConflictError`` ``no_price_contract``.
    """
    rows = await _all(ctx, tenant_id)
    by_day = {row.starts_on: row for row in rows}
    chosen = rating.price_on(_rules(rows), day or ctx.now().date())
    return by_day[chosen.starts_on]


async def history(ctx: Context, tenant_id: UUID) -> list[PriceContract]:
    """Return every contract of a vendor, the newest start first, announced ones included."""
    return sorted(await _all(ctx, tenant_id), key=lambda row: row.starts_on, reverse=True)


async def set_price(
    ctx: Context, tenant_id: UUID, price: Money, starts_on: dt.date, *, reason: str = ""
) -> PriceContract:
    """Let operations agree on a price from a day on; the vendor is told of a change by mail.

    A change for the worse needs 60 days' notice, every price its currency's range; earlier
    invoices keep their price. Raises ``InvalidInputError`` with every rule broken, and
    ``ConflictError`` ``price_already_set``.
    """
    ctx.require_ops(Role.OPS_OPERATOR)
    tenant = await ctx.db.get(Tenant, tenant_id, with_for_update=True, populate_existing=True)
    if tenant is None:
        raise NotFoundError("There is no such vendor.")
    if price.currency != tenant.currency:
        problem = f"must be in {tenant.currency}"
        raise InvalidInputError(f"The price {problem}.", fields=[("currency", problem)])
    today = ctx.now().date()
    rows = await _all(ctx, tenant_id)
    rating.check_new_price(_rules(rows), rating.PriceContract(price, starts_on, today), today)
    row = PriceContract(
        tenant_id=tenant_id,
        price_micros=price.micros,
        currency=price.currency,
        starts_on=starts_on,
        announced_at=ctx.now(),
        reason=reason.strip()[:300],
        created_by=ctx.actor.id,
    )
    ctx.db.add(row)
    await ctx.db.flush()
    earlier = [contract for contract in rows if contract.starts_on <= starts_on]
    replaced = max(earlier, key=lambda contract: contract.starts_on, default=None)
    ctx.audit(
        "ops.price_set",
        tenant_id=tenant_id,
        subject=("price_contract", row.id),
        body={
            "price": str(price),
            "replaces": str(replaced.price) if replaced else "",
            "starts_on": starts_on.isoformat(),
            "reason": row.reason,
        },
    )
    if replaced is not None and replaced.price != price:
        await notices.to_vendor(
            ctx,
            "price_change_notice",
            tenant,
            key=f"price_change_notice/{row.id}",
            old_price=replaced.price,
            new_price=price,
            effective_on=starts_on,
            url="/vendor/settings",
        )
    return row


async def _all(ctx: Context, tenant_id: UUID) -> Sequence[PriceContract]:
    if ctx.actor.tenant_id != tenant_id:
        ctx.require_ops()
    rows = await ctx.db.scalars(
        select(PriceContract).where(col(PriceContract.tenant_id) == tenant_id)
    )
    return rows.all()


def _rules(rows: Sequence[PriceContract]) -> list[rating.PriceContract]:
    return [rating.PriceContract(row.price, row.starts_on, row.announced_at.date()) for row in rows]
