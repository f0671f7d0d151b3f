"""Devices: one actor a triple, for ever."""

from __future__ import annotations

import asyncio
import hashlib

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from app.core import jws
from app.core.errors import ForbiddenError, InvalidInputError, NotFoundError, PaymentRequiredError
from app.rules.omni import derive_device
from app.rules.statuses import TenantStatus
from app.runtime import Runtime
from app.services import devices, receipts
from app.services.context import SYSTEM, Context
from models.audit import AuditEvent
from models.device import Acquisition, Device, DeviceBinding
from models.tenant import Tenant
from tests.factories import USER, as_token, make_vendor

OTHER_USER = "c3f7249ad2f03d898a95fdbe95113041282dd1f5a115d14a65d7e7ede4afee5f"


@pytest.mark.parametrize("at_once", [True, False])
async def test_the_first_call_binds_the_device_to_its_actor(ctx: Context, at_once: bool) -> None:
    tenant = await make_vendor(ctx)
    vendor = as_token(ctx, tenant)
    first = await devices.register(vendor, "SN-0001", "0x" + USER, at_once=at_once)
    assert first.created
    assert first.device.user_omni == USER
    assert first.device.actor_omni == derive_device(tenant.id, USER, "SN-0001").actor_omni
    assert first.device.generation == 0
    await ctx.db.refresh(tenant)
    assert tenant.first_device_at == ctx.now()
    acquired = await ctx.db.get_one(Acquisition, USER)
    assert (acquired.tenant_id, acquired.device_pk) == (tenant.id, first.device.id)


async def test_a_repeated_call_returns_the_same_device_and_the_same_receipt(ctx: Context) -> None:
    vendor = as_token(ctx, await make_vendor(ctx))
    first = await devices.register(vendor, "SN-0001", USER)
    for at_once in (True, False):
        again = await devices.register(vendor, "SN-0001", USER, at_once=at_once)
        assert not again.created
        assert again.device.model_dump() == first.device.model_dump()
        assert again.binding.model_dump() == first.binding.model_dump()
    assert await ctx.db.scalar(select(func.count()).select_from(Device)) == 1


async def test_another_user_or_another_vendor_gets_another_actor(ctx: Context) -> None:
    one = as_token(ctx, await make_vendor(ctx))
    two = as_token(ctx, await make_vendor(ctx))
    actors = {
        (await devices.register(one, "SN-0001", USER)).device.actor_omni,
        (await devices.register(one, "SN-0001", OTHER_USER)).device.actor_omni,
        (await devices.register(two, "SN-0001", USER)).device.actor_omni,
    }
    assert len(actors) == 3
    acquired = await ctx.db.get_one(Acquisition, USER)
    assert acquired.tenant_id == one.tenant_id


@pytest.mark.parametrize("device_id", ["", "x" * 129, "täg", "a\n", "a\x00"])
async def test_a_device_id_is_printable_ascii(ctx: Context, device_id: str) -> None:
    vendor = as_token(ctx, await make_vendor(ctx))
    with pytest.raises(InvalidInputError, match="device_id"):
        await devices.register(vendor, device_id, USER)


@pytest.mark.parametrize("user", ["", "x" * 64, USER[:-1], USER.upper()])
async def test_a_user_is_64_hex(ctx: Context, user: str) -> None:
    vendor = as_token(ctx, await make_vendor(ctx))
    with pytest.raises(InvalidInputError, match="user_omni"):
        await devices.register(vendor, "SN-0001", user)


async def test_the_receipt_carries_exactly_the_agreed_claims(ctx: Context) -> None:
    await receipts.publish_key(ctx)
    tenant = await make_vendor(ctx)
    done = await devices.register(as_token(ctx, tenant), "SN-0001", USER)
    actor = derive_device(tenant.id, USER, "SN-0001")
    keys = {key["kid"]: key for key in (await receipts.jwks(ctx))["keys"]}
    assert jws.verify(done.binding.receipt, keys, typ="binding-receipt+jwt") == {
        "iss": "http://portal.test",
        "sub": f"actor:{actor.actor_omni}",
        "aud": f"vendor:{tenant.id}",
        "iat": int(ctx.now().timestamp()),
        "jti": str(done.binding.id),
        "binding": {
            "ver": 1,
            "vendor_id": str(tenant.id),
            "vendor_omni": actor.vendor_omni,
            "user_omni": USER,
            "device_id_sha256": hashlib.sha256(b"SN-0001").hexdigest(),
            "actor_omni": actor.actor_omni,
            "derivation_path": actor.derivation_path,
            "generation": 0,
            "policy_template": "ai-companion-basic",
            "policy_template_version": 1,
        },
    }


async def test_a_rekey_raises_the_generation_and_keeps_the_old_receipt(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    vendor = as_token(ctx, tenant)
    first = await devices.register(vendor, "SN-0001", USER)
    old = first.device.actor_omni
    again = await devices.rekey(vendor, first.device.id)
    assert again.device.generation == 1
    assert again.device.actor_omni == derive_device(tenant.id, USER, "SN-0001", 1).actor_omni
    assert again.device.actor_omni != old
    found = await devices.bindings(vendor, first.device.id)
    assert [(one.actor_omni, one.superseded_at) for one in found] == [
        (again.device.actor_omni, None),
        (old, ctx.now()),
    ]
    assert found[1].receipt == first.binding.receipt
    known = await devices.register(vendor, "SN-0001", USER)
    assert known.binding.receipt == again.binding.receipt


async def test_a_released_device_keeps_its_actor_and_a_rekey_brings_it_back(ctx: Context) -> None:
    vendor = as_token(ctx, await make_vendor(ctx))
    first = await devices.register(vendor, "SN-0001", USER)
    await devices.release(vendor, first.device.id)
    await devices.release(vendor, first.device.id)
    known = await devices.register(vendor, "SN-0001", USER)
    assert known.device.released_at == ctx.now()
    assert known.device.actor_omni == first.device.actor_omni
    back = await devices.rekey(vendor, first.device.id)
    assert back.device.released_at is None
    kinds = list(
        await ctx.db.scalars(
            select(col(AuditEvent.kind))
            .where(col(AuditEvent.subject_id) == str(first.device.id))
            .order_by(col(AuditEvent.id))
        )
    )
    assert sorted(kinds) == ["device.registered", "device.rekeyed", "device.released"]


async def test_another_vendors_device_is_not_there(ctx: Context) -> None:
    mine = as_token(ctx, await make_vendor(ctx))
    theirs = as_token(ctx, await make_vendor(ctx))
    done = await devices.register(mine, "SN-0001", USER)
    for act in (devices.get, devices.rekey, devices.release, devices.bindings):
        with pytest.raises(NotFoundError):
            await act(theirs, done.device.id)


@pytest.mark.parametrize(
    ("status", "connected", "error", "reason"),
    [
        (TenantStatus.ACTIVE, False, PaymentRequiredError, "payment_not_connected"),
        (TenantStatus.PENDING, True, ForbiddenError, "terms_not_accepted"),
        (TenantStatus.SUSPENDED, True, ForbiddenError, "tenant_suspended"),
        (TenantStatus.CLOSED, True, ForbiddenError, "tenant_closed"),
    ],
)
async def test_a_refusal_is_audited_although_nothing_else_is_stored(
    run: Runtime,
    status: TenantStatus,
    connected: bool,
    error: type[Exception],
    reason: str,
) -> None:
    async with run.context(SYSTEM) as ctx:
        tenant = await make_vendor(ctx, status=status, connected=connected)
    with pytest.raises(error):
        async with run.context(as_token(ctx, tenant).actor) as acting:
            await devices.register(acting, "SN-0001", USER)
    async with run.context(SYSTEM) as ctx:
        assert await ctx.db.scalar(select(func.count()).select_from(Device)) == 0
        noted = (await ctx.db.scalars(select(AuditEvent))).one()
    assert (noted.kind, noted.result, noted.tenant_id) == (
        "device.register_refused",
        "denied",
        tenant.id,
    )
    assert noted.body == {"reason": reason, "device_id": "SN-0001", "user_omni": USER}


@pytest.mark.parametrize("at_once", [True, False])
async def test_fifty_concurrent_first_calls_make_one_device(
    own_run: Runtime, at_once: bool
) -> None:
    async with own_run.context(SYSTEM) as ctx:
        tenant = await make_vendor(ctx)
    actor = as_token(ctx, tenant).actor

    async def call() -> tuple[bool, str, str]:
        async with own_run.context(actor) as acting:
            done = await devices.register(acting, "SN-0001", USER, at_once=at_once)
        return done.created, done.device.actor_omni, done.binding.receipt

    answers = await asyncio.gather(*(call() for _ in range(50)))
    assert sum(created for created, _, _ in answers) == 1
    assert len({actor for _, actor, _ in answers}) == 1
    assert len({receipt for _, _, receipt in answers}) == 1
    async with own_run.context(SYSTEM) as ctx:
        for table in (Device, DeviceBinding, Acquisition):
            assert await ctx.db.scalar(select(func.count()).select_from(table)) == 1
        events = await ctx.db.scalars(select(col(AuditEvent.kind)))
        assert list(events) == ["device.registered"]
        assert (await ctx.db.get_one(Tenant, tenant.id)).first_device_at == ctx.now()
