"""What a month's invoice counts: devices with an authority event in the 30 days before its end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import exists, func, insert, select
from sqlmodel import col

from app.core.errors import UnavailableError
from app.core.phrases import Phrase, to_json
from app.rules import rating
from app.rules.activity import window_days
from app.rules.invoicing import LineKind, line
from app.rules.periods import BillingMonth
from app.services import folding
from app.services.context import Context
from app.services.opening import DraftLine
from models.device import Device
from models.invoice import Invoice, InvoiceDevice
from models.price import PriceContract
from models.tenant import Tenant
from models.usage import DeviceDay, UsageEvent, UsageFold


async def require_drained(ctx: Context, month: BillingMonth) -> None:
    """See to it that every event of the month received so far is folded into the days.

    Nothing is locked when it ends. Raises ``UnavailableError`` ``usage_not_folded`` where somebody
    is just writing some: trying again helps.
    """
    if not await _is_waiting(ctx, month):
        return
    while await folding.fold(ctx):
        await ctx.save()
    await ctx.save()
    if await _is_waiting(ctx, month):
        raise UnavailableError("Usage is still being counted.", reason="usage_not_folded")


async def _is_waiting(ctx: Context, month: BillingMonth) -> bool:
    place = await ctx.db.scalar(
        select(col(UsageFold.position)).where(col(UsageFold.stream) == folding.STREAM)
    )
    waiting = await ctx.db.scalar(
        select(col(UsageEvent.seq))
        .where(col(UsageEvent.seq) > (place or 0), col(UsageEvent.occurred_at) < month.end)
        .limit(1)
    )
    return waiting is not None


async def active(ctx: Context, tenant_ids: Collection[UUID], month: BillingMonth) -> set[UUID]:
    """Return those tenants of which there is anything to count."""
    first, last = window_days(month.end)
    used = exists().where(
        col(DeviceDay.tenant_id) == col(Tenant.id),
        col(DeviceDay.day) >= first,
        col(DeviceDay.day) < last,
    )
    rows = await ctx.db.scalars(select(col(Tenant.id)).where(col(Tenant.id).in_(tenant_ids), used))
    return set(rows)


async def keep_evidence(
    ctx: Context, month: BillingMonth, invoice_ids: Collection[UUID]
) -> dict[UUID, int]:
    """Store each device that counts for drafts of a month; return how many by invoice.

    With a device goes the activity that makes it count. One statement reads and stores, so that
    the number billed is the number of rows kept. A device released since still counts for what it
    did before; registering it was no activity.
    """
    first, last = window_days(month.end)
    counted = (
        select(
            col(Invoice.id),
            col(Device.id),
            col(Device.tenant_id),
            col(Device.device_id),
            col(Device.user_omni),
            func.sum(DeviceDay.events),
            func.max(DeviceDay.day),
        )
        .select_from(Invoice)
        .join(DeviceDay, col(DeviceDay.tenant_id) == col(Invoice.tenant_id))
        .join(Device, col(Device.id) == col(DeviceDay.device_pk))
        .where(
            col(Invoice.id).in_(invoice_ids),
            col(DeviceDay.day) >= first,
            col(DeviceDay.day) < last,
        )
        .group_by(
            col(Invoice.id),
            col(Device.id),
            col(Device.tenant_id),
            col(Device.device_id),
            col(Device.user_omni),
        )
    )
    columns = (
        "invoice_id",
        "device_pk",
        "tenant_id",
        "device_id",
        "user_omni",
        "events",
        "last_day",
    )
    await ctx.db.execute(insert(InvoiceDevice).from_select(columns, counted))
    kept = await ctx.db.execute(
        select(col(InvoiceDevice.invoice_id), func.count())
        .where(col(InvoiceDevice.invoice_id).in_(invoice_ids))
        .group_by(col(InvoiceDevice.invoice_id))
    )
    return {row[0]: row[1] for row in kept}


async def contracts_for(
    ctx: Context, tenant_ids: Collection[UUID], month: BillingMonth
) -> dict[UUID, PriceContract]:
    """Return the price contract a month is billed by: of each tenant the one in force on its last day.

    Raises ``ConflictError`` ``no_price_contract``.
    """
    rows = await ctx.db.scalars(
        select(PriceContract).where(
            col(PriceContract.tenant_id).in_(tenant_ids),
            col(PriceContract.starts_on) <= month.last_day,
        )
    )
    by_day: dict[UUID, dict[dt.date, PriceContract]] = {one: {} for one in tenant_ids}
    for row in rows:
        by_day[row.tenant_id][row.starts_on] = row
    return {
        tenant_id: found[rating.price_on(map(_rated, found.values()), month.last_day).starts_on]
        for tenant_id, found in by_day.items()
    }


def _rated(row: PriceContract) -> rating.PriceContract:
    return rating.PriceContract(row.price, row.starts_on, row.announced_at.date())


class ActiveDevices:
    """Vendors owe for each device that was active."""

    async def owing(
        self, ctx: Context, tenants: Mapping[UUID, Tenant], month: BillingMonth
    ) -> dict[UUID, str]:
        """Return vendors with an active device and the currency of their contract."""
        found = await active(ctx, tenants, month)
        contracts = await contracts_for(ctx, found, month)
        return {tenant_id: contract.currency for tenant_id, contract in contracts.items()}

    async def lines(
        self, ctx: Context, invoices: Collection[Invoice], month: BillingMonth
    ) -> dict[UUID, Sequence[DraftLine]]:
        """Keep each device counted and return one line over them."""
        counts = await keep_evidence(ctx, month, [one.id for one in invoices])
        contracts = await contracts_for(ctx, [one.tenant_id for one in invoices], month)
        return {
            one.tenant_id: [devices_line(counts[one.id], contracts[one.tenant_id], month)]
            for one in invoices
        }


DEVICES: Final = ActiveDevices()


def devices_line(count: int, contract: PriceContract, month: BillingMonth) -> DraftLine:
    """Return the line that charges the devices counted, with its arithmetic as its basis."""
    first, last = window_days(month.end)
    charged = line(LineKind.DEVICES, "line.active_devices", count, contract.price)
    return DraftLine(
        charged,
        "Active devices",
        {
            "text": to_json(Phrase.of("line.active_devices")),
            "detail": to_json(Phrase.of("line.active_devices.detail", count=count, end=last)),
            "why": to_json(
                Phrase.of(
                    "basis.active_devices",
                    count=count,
                    price=contract.price,
                    amount=charged.amount,
                    since=contract.starts_on,
                )
            ),
            "contract_id": str(contract.id),
            "price_since": contract.starts_on.isoformat(),
            "counted_from": first.isoformat(),
            "counted_until": last.isoformat(),
        },
    )
