"""Folding: each raw event counts once, whatever came late, twice or out of order."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlmodel import col

from app.core.ids import new_id
from app.database import Database
from app.runtime import Runtime
from app.services import devices, folding, usage
from app.services.context import SYSTEM, Context
from models.audit import AuditEvent
from models.device import Device
from models.usage import DeviceDay, ProPayment, UnmatchedEvent, UsageEvent, UsageFold
from tests.conftest import START
from tests.factories import USER, as_vendor, make_device, make_vendor

SOURCE = UUID(int=7)
STRANGER = "c3f7249ad2f03d898a95fdbe95113041282dd1f5a115d14a65d7e7ede4afee5f"


def raw(
    kind: str, data: dict[str, str], at: dt.datetime = START, id_: str | None = None
) -> UsageEvent:
    return UsageEvent(
        source_id=SOURCE,
        event_id=id_ or new_id().hex,
        type=kind,
        occurred_at=at,
        data=json.dumps(data, sort_keys=True, separators=(",", ":")),
        received_at=START,
    )


def act(device: Device | str, at: dt.datetime = START) -> UsageEvent:
    actor = device if isinstance(device, str) else device.actor_omni
    return raw("authority.cap_mint", {"actor_omni": actor}, at)


def paid(id_: str, amount: str = "10", user: str = USER, currency: str = "USD") -> UsageEvent:
    data = {"subscription_ref": "s", "user_omni": user, "amount": amount, "currency": currency}
    return raw("pro.paid", data, id_=id_)


def refund(of: str, amount: str, currency: str = "USD") -> UsageEvent:
    data = {"subscription_ref": "s", "payment_event_id": of, "amount": amount}
    return raw("pro.refunded", {**data, "currency": currency})


async def fold(ctx: Context, *events: UsageEvent) -> int:
    for event in events:
        ctx.db.add(event)
        await ctx.db.flush()
    return await folding.fold(ctx)


async def shares(ctx: Context) -> list[tuple[int, int]]:
    rows = await ctx.db.execute(
        select(col(ProPayment.gross_micros), col(ProPayment.share_micros)).order_by(
            col(ProPayment.id)
        )
    )
    return [tuple(row) for row in rows]


async def reasons(ctx: Context) -> list[str]:
    rows = await ctx.db.scalars(
        select(col(UnmatchedEvent.reason)).order_by(col(UnmatchedEvent.seq))
    )
    return list(rows)


async def test_events_become_days_and_the_devices_last_activity(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    one, two = await make_device(ctx, tenant, "SN-1"), await make_device(ctx, tenant, "SN-2")
    before_midnight = dt.datetime(2026, 11, 18, 23, 59, 59, tzinfo=dt.UTC)
    later = START + dt.timedelta(hours=1)
    assert await fold(ctx, act(one, later), act(one), act(one, before_midnight), act(two)) == 4
    rows = await ctx.db.execute(
        select(col(Device.device_id), col(DeviceDay.day), col(DeviceDay.events))
        .join(Device, col(Device.id) == DeviceDay.device_pk)
        .order_by(col(Device.device_id), col(DeviceDay.day))
    )
    assert [tuple(row) for row in rows] == [
        ("SN-1", dt.date(2026, 11, 18), 1),
        ("SN-1", START.date(), 2),
        ("SN-2", START.date(), 1),
    ]
    day = await ctx.db.get_one(DeviceDay, (one.id, START.date()))
    assert (day.first_at, day.last_at) == (START, later)
    for device in (one, two):
        await ctx.db.refresh(device)
    assert (one.last_active_at, two.last_active_at) == (later, START)


async def test_a_second_fold_adds_to_the_day_and_repeats_nothing(ctx: Context) -> None:
    device = await make_device(ctx, await make_vendor(ctx))
    await fold(ctx, act(device), act(device))
    assert await folding.fold(ctx) == 0
    early = START - dt.timedelta(hours=2)
    assert await fold(ctx, act(device, early)) == 1
    day = await ctx.db.get_one(DeviceDay, (device.id, START.date()), populate_existing=True)
    assert (day.events, day.first_at, day.last_at) == (3, early, START)
    await ctx.db.refresh(device)
    assert device.last_active_at == START


async def test_the_fold_goes_on_where_its_limit_stopped_it(ctx: Context) -> None:
    device = await make_device(ctx, await make_vendor(ctx))
    ctx.db.add_all(act(device) for _ in range(5))
    await ctx.db.flush()
    assert [await folding.fold(ctx, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert (await ctx.db.get_one(DeviceDay, (device.id, START.date()))).events == 5


async def test_an_event_of_nobody_is_kept_and_shown(ctx: Context) -> None:
    assert await fold(ctx, act(STRANGER)) == 1
    assert await reasons(ctx) == ["actor_not_registered"]
    assert await ctx.db.scalar(select(func.count()).select_from(DeviceDay)) == 0


async def test_a_released_device_counts_only_for_what_it_did_before(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    device = await make_device(ctx, tenant)
    await devices.release(as_vendor(ctx, tenant), device.id)
    await ctx.db.flush()
    await fold(ctx, act(device, START - dt.timedelta(days=1)), act(device, START), act(device))
    await fold(ctx, act(device, START + dt.timedelta(minutes=1)))
    assert await reasons(ctx) == ["device_released"]
    found = await usage.active_devices(ctx, tenant.id, dt.date(2026, 11, 1), dt.date(2026, 12, 1))
    assert [(one.device_id, one.events, one.last_day) for one in found] == [
        ("SN-0001", 3, START.date())
    ]


async def test_the_acts_of_a_superseded_actor_are_the_devices_own(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    device = await make_device(ctx, tenant)
    old = device.actor_omni
    await devices.rekey(as_vendor(ctx, tenant), device.id)
    await fold(ctx, act(old), act(device))
    assert await usage.count_active(ctx, tenant.id, START.date(), dt.date(2026, 11, 21)) == 1
    assert await reasons(ctx) == []


async def test_a_payment_earns_the_acquiring_vendor_its_share(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    await make_device(ctx, tenant)
    await make_device(ctx, await make_vendor(ctx))
    await fold(ctx, paid("p"), paid("q", user=STRANGER))
    rows = (await ctx.db.scalars(select(ProPayment).order_by(col(ProPayment.event_id)))).all()
    assert [(row.event_id, row.tenant_id, row.gross_micros, row.share_micros) for row in rows] == [
        ("p", tenant.id, 10_000_000, 3_000_000),
        ("q", None, 10_000_000, 0),
    ]
    assert await reasons(ctx) == ["user_not_acquired"]
    noted = (await ctx.db.scalars(select(AuditEvent))).all()
    assert [(one.kind, one.tenant_id) for one in noted] == [("pro.paid", tenant.id)]


async def test_refunds_take_the_share_back_to_the_micro(ctx: Context) -> None:
    await make_device(ctx, await make_vendor(ctx))
    await fold(ctx, paid("p", "0.99"), refund("p", "0.33"))
    await fold(ctx, refund("p", "0.33"), refund("p", "0.33"))
    rows = await shares(ctx)
    assert sum(gross for gross, _ in rows) == 0
    assert sum(share for _, share in rows) == 0
    assert len(rows) == 4


async def test_a_refund_waits_for_its_payment(ctx: Context) -> None:
    await make_device(ctx, await make_vendor(ctx))
    await fold(ctx, refund("p", "4"))
    assert (await shares(ctx), await reasons(ctx)) == ([], ["payment_not_seen"])
    await fold(ctx, paid("other"))
    assert await reasons(ctx) == ["payment_not_seen"]
    await fold(ctx, paid("p"))
    assert await reasons(ctx) == []
    assert sorted(await shares(ctx)) == [
        (-4_000_000, -1_200_000),
        (10_000_000, 3_000_000),
        (10_000_000, 3_000_000),
    ]


async def test_a_refund_of_more_than_was_paid_or_in_another_currency_is_set_aside(
    ctx: Context,
) -> None:
    await make_device(ctx, await make_vendor(ctx))
    await fold(ctx, paid("p"), refund("p", "6"), refund("p", "6"), refund("p", "1", "CNY"))
    assert await reasons(ctx) == ["refund_exceeds_payment", "currency_differs"]
    assert len(await shares(ctx)) == 2


async def test_a_fold_that_fails_moves_nothing(own_run: Runtime) -> None:
    async with own_run.context(SYSTEM) as ctx:
        device = await make_device(ctx, await make_vendor(ctx))
        ctx.db.add(act(device))
    with pytest.raises(RuntimeError, match="killed"):
        await _fold_once(own_run, killed=True)
    async with own_run.context(SYSTEM) as ctx:
        assert await folding.fold(ctx) == 1
        assert (await ctx.db.get_one(DeviceDay, (device.id, START.date()))).events == 1


async def test_workers_that_fold_at_once_count_each_event_once(own_run: Runtime) -> None:
    async with own_run.context(SYSTEM) as ctx:
        device = await make_device(ctx, await make_vendor(ctx))
        ctx.db.add_all(act(device) for _ in range(40))

    async def work() -> int:
        async with own_run.context(SYSTEM) as ctx:
            return await folding.fold(ctx, limit=10)

    assert sum(await asyncio.gather(*(work() for _ in range(6)))) == 40
    async with own_run.context(SYSTEM) as ctx:
        assert (await ctx.db.get_one(DeviceDay, (device.id, START.date()))).events == 40


async def test_an_event_committed_late_under_a_lower_number_is_not_passed_over(
    own_run: Runtime, own_database: Database, dialect: str
) -> None:
    if dialect == "sqlite":
        assert own_database.express is None  # writers come one at a time: no such event can exist
        return
    async with own_run.context(SYSTEM) as ctx:
        device = await make_device(ctx, await make_vendor(ctx))
    slow = own_database.session()
    slow.add(act(device))
    await slow.flush()  # it has drawn number 1, and nobody sees it yet
    async with own_run.context(SYSTEM) as ctx:
        ctx.db.add(act(device))
    async with own_run.context(SYSTEM) as ctx:
        assert await folding.fold(ctx) == 0
    folded: asyncio.Task[Any] = asyncio.ensure_future(_fold_once(own_run))
    await slow.commit()
    await slow.close()
    assert await folded == 2
    async with own_run.context(SYSTEM) as ctx:
        assert (await ctx.db.get_one(DeviceDay, (device.id, START.date()))).events == 2
        position = (await ctx.db.get_one(UsageFold, "usage")).position
        assert position == await ctx.db.scalar(text("SELECT max(seq) FROM usage_event"))


async def _fold_once(run: Runtime, *, killed: bool = False) -> int:
    async with run.context(SYSTEM) as ctx:
        folded = await folding.fold(ctx)
        if killed:
            raise RuntimeError("killed")
        return folded
