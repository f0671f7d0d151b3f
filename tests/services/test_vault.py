"""The vault: sealed at rest, bound to its place, rotated without a stop, and every use on record."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import col, select

from app.core.clock import FixedClock
from app.core.errors import (
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    UnavailableError,
)
from app.core.ids import new_id
from app.core.sealing import MasterKeys
from app.services import allow_list, audit, service_keys, tracing, vault
from app.services.calling import Caller
from app.services.context import ActorKind, Context
from models.audit import AuditEvent
from models.person import Role
from models.vault import AllowedAction, ServiceKey, VaultSecret
from tests.factories import as_ops, as_vendor, make_vendor
from tests.vault_kit import NEW, OLD, FakeKeys

SECRET = "sk_test_abc"


@pytest.fixture
def keys() -> FakeKeys:
    return FakeKeys()


async def row_of(ctx: Context, name: str = "secret_key") -> VaultSecret:
    return (await ctx.db.scalars(select(VaultSecret).where(col(VaultSecret.name) == name))).one()


async def kinds(ctx: Context) -> list[AuditEvent]:
    await ctx.db.flush()
    return list(await ctx.db.scalars(select(AuditEvent).order_by(col(AuditEvent.id))))


async def test_a_secret_is_sealed_and_told_by_everything_but_itself(
    ctx: Context, keys: FakeKeys
) -> None:
    assert await vault.put(ctx, keys, "stripe", "secret_key", f"{SECRET}\n") == 1
    row = await row_of(ctx)
    assert SECRET.encode() not in row.sealed
    assert await vault.opened(ctx, keys, "stripe") == {"secret_key": SECRET}
    (entry,) = await vault.entries(as_ops(ctx))
    assert (entry.provider, entry.name, entry.version) == ("stripe", "secret_key", 1)
    assert SECRET not in repr(entry)
    assert SECRET not in "".join(str(one.body) for one in await kinds(ctx))


async def test_a_replaced_secret_is_a_new_version(
    ctx: Context, keys: FakeKeys, clock: FixedClock
) -> None:
    await vault.put(ctx, keys, "stripe", "secret_key", SECRET)
    first = (await row_of(ctx)).sealed
    assert await vault.put(ctx, keys, "stripe", "secret_key", "other") == 2
    assert await vault.opened(ctx, keys, "stripe") == {"secret_key": "other"}
    row = await row_of(ctx)
    row.sealed = first  # an old seal put back
    with pytest.raises(UnavailableError, match="changed") as refusal:
        await vault.opened(ctx, keys, "stripe")
    assert refusal.value.reason == "vault_locked"


async def test_a_seal_moved_to_another_place_does_not_open(ctx: Context, keys: FakeKeys) -> None:
    await vault.put(ctx, keys, "stripe", "secret_key", SECRET)
    await vault.put(ctx, keys, "alipay", "private_key", "pem")
    (await row_of(ctx, "private_key")).sealed = (await row_of(ctx)).sealed
    with pytest.raises(UnavailableError):
        await vault.opened(ctx, keys, "alipay")


@pytest.mark.parametrize("value", ["", " \n", "x" * (vault.MOST_BYTES + 1)])
async def test_what_is_no_secret_is_refused(ctx: Context, keys: FakeKeys, value: str) -> None:
    with pytest.raises(InvalidInputError):
        await vault.put(ctx, keys, "stripe", "secret_key", value)


async def test_only_the_system_changes_the_vault(ctx: Context, keys: FakeKeys) -> None:
    admin = as_ops(ctx, Role.OPS_ADMIN)
    with pytest.raises(ForbiddenError):
        await vault.put(admin, keys, "stripe", "secret_key", SECRET)
    with pytest.raises(ForbiddenError):
        await vault.remove(admin, "stripe", "secret_key")
    with pytest.raises(ForbiddenError):
        await vault.reseal(admin, keys)
    with pytest.raises(ForbiddenError):
        await vault.entries(as_vendor(ctx, await make_vendor(ctx)))


async def test_a_removed_secret_is_gone(ctx: Context, keys: FakeKeys) -> None:
    await vault.put(ctx, keys, "stripe", "secret_key", SECRET)
    await vault.remove(ctx, "stripe", "secret_key")
    assert await vault.opened(ctx, keys, "stripe") == {}
    with pytest.raises(NotFoundError):
        await vault.remove(ctx, "stripe", "secret_key")


async def test_a_rotation_seals_everything_anew_while_others_go_on(
    ctx: Context, keys: FakeKeys
) -> None:
    await vault.put(ctx, keys, "stripe", "secret_key", SECRET)
    token = await service_keys.issue(ctx, keys, "web")
    running = FakeKeys(lies=MasterKeys([NEW, OLD]))  # a process that read the file before
    rotating = FakeKeys(MasterKeys([NEW, OLD]))
    assert await vault.reseal(ctx, rotating) == 2
    assert await vault.reseal(ctx, rotating) == 0
    assert await vault.opened(ctx, running, "stripe") == {"secret_key": SECRET}
    assert running.read == 1
    only_new = FakeKeys(MasterKeys([NEW]))
    assert await vault.opened(ctx, only_new, "stripe") == {"secret_key": SECRET}
    assert (await service_keys.authenticate(ctx, only_new, token)).kind is ActorKind.SERVICE_KEY
    with pytest.raises(UnavailableError, match="not here"):
        await vault.opened(ctx, FakeKeys(), "stripe")


async def test_a_rotation_that_cannot_open_something_changes_nothing(
    ctx: Context, keys: FakeKeys
) -> None:
    await vault.put(ctx, keys, "alipay", "private_key", "pem")
    await vault.put(ctx, keys, "stripe", "secret_key", SECRET)
    (await row_of(ctx)).sealed = bytes(40)
    await ctx.db.flush()
    with pytest.raises(UnavailableError):
        async with ctx.db.begin_nested():
            await vault.reseal(ctx, FakeKeys(MasterKeys([NEW, OLD])))
    ctx.db.expire_all()
    assert {(await row_of(ctx, "private_key")).key_id} == {MasterKeys([OLD]).newest}


async def test_every_use_says_whose_it_was(ctx: Context, keys: FakeKeys, clock: FixedClock) -> None:
    tenant = await make_vendor(ctx)
    await vault.put(ctx, keys, "stripe", "secret_key", SECRET)
    by = Caller(ActorKind.VENDOR_TOKEN, "token-1", tenant.id, "req_1", "203.0.113.7")
    told = await vault.use(ctx, keys, "stripe", "refund", by, tenant.id)
    assert told == {"secret_key": SECRET}
    row = (await kinds(ctx))[-1]
    assert (row.kind, row.actor_id, row.tenant_id) == ("vault.opened", "token-1", tenant.id)
    assert (row.request_id, row.ip) == ("req_1", "203.0.113.7")
    assert row.body == {"action": "refund", "versions": {"secret_key": 1}}
    assert (await row_of(ctx)).last_used_at == clock.now()
    shown = await audit.list_page(as_vendor(ctx, tenant))
    assert [one for one in shown.rows if one.kind.startswith(("vault.", "executor."))] == []


async def test_a_call_is_traced_to_the_tenant_it_is_about(ctx: Context) -> None:
    tenant = await make_vendor(ctx)

    async def whose(by: Caller | None = None, **arguments: Any) -> object:
        return await tracing.whose(ctx, "stripe", by or Caller(), arguments)

    assert await whose(tenant_id=str(tenant.id)) == tenant.id
    assert await whose(Caller(tenant_id=tenant.id), provider_ref="in_x") == tenant.id
    for nobody in ({"tenant_id": str(new_id())}, {"tenant_id": "t1"}, {"payment_ref": "pi_x"}, {}):
        assert await whose(None, **nobody) is None


async def test_a_service_key_is_known_by_its_hash_until_it_is_ended(
    ctx: Context, keys: FakeKeys
) -> None:
    tenant = await make_vendor(ctx)
    everybody = await service_keys.issue(ctx, keys, "web")
    one = await service_keys.issue(ctx, keys, "runtime", [tenant.id])
    assert everybody.startswith("exe_")
    assert (await service_keys.authenticate(ctx, keys, everybody)).scopes == frozenset()
    assert (await service_keys.authenticate(ctx, keys, one)).scopes == {str(tenant.id)}
    rows = list(await ctx.db.scalars(select(ServiceKey)))
    assert not [row for row in rows if everybody in (row.lookup, row.prefix)]
    for forged in ("exe_x", everybody[:-1], everybody.removeprefix("exe_"), "", "vnd_x"):
        with pytest.raises(NotSignedInError):
            await service_keys.authenticate(ctx, keys, forged)
    assert await service_keys.revoke(ctx, one[:10]) == 1
    with pytest.raises(NotSignedInError):
        await service_keys.authenticate(ctx, keys, one)
    with pytest.raises(NotFoundError):
        await service_keys.revoke(ctx, one[:10])
    assert [row.label for row in await service_keys.issued(ctx)] == ["runtime", "web"]


async def test_a_service_key_is_for_tenants_that_exist(ctx: Context, keys: FakeKeys) -> None:
    with pytest.raises(NotFoundError):
        await service_keys.issue(ctx, keys, "runtime", [new_id()])
    with pytest.raises(InvalidInputError):
        await service_keys.issue(ctx, keys, " ")
    with pytest.raises(ForbiddenError):
        await service_keys.issue(as_ops(ctx, Role.OPS_ADMIN), keys, "x")


async def test_the_pepper_is_nobodys_to_see(ctx: Context, keys: FakeKeys) -> None:
    await service_keys.issue(ctx, keys, "web")
    assert await vault.entries(ctx) == []
    with pytest.raises(NotFoundError):
        await vault.remove(ctx, "executor", "pepper")


async def test_the_allow_list_holds_what_administrators_switched(ctx: Context) -> None:
    actions = [("stripe", "refund"), ("stripe", "pay_out")]
    assert not await allow_list.is_allowed(ctx, "stripe", "refund")
    await allow_list.publish(ctx, actions)
    assert await allow_list.is_allowed(ctx, "stripe", "refund")
    lines = await allow_list.lines(as_ops(ctx))
    refund = next(one for one in lines if one.action == "refund")
    with pytest.raises(ForbiddenError):
        await allow_list.switch(as_ops(ctx, Role.OPS_OPERATOR), refund.id, enabled=False)
    await allow_list.switch(as_ops(ctx, Role.OPS_ADMIN), refund.id, enabled=False)
    assert not await allow_list.is_allowed(ctx, "stripe", "refund")
    assert await allow_list.is_allowed(ctx, "stripe", "pay_out")
    await allow_list.publish(ctx, actions)  # the next start changes nothing
    assert not await allow_list.is_allowed(ctx, "stripe", "refund")
    assert not await allow_list.is_allowed(ctx, "stripe", "no_such_action")
    refund = await ctx.db.get_one(AllowedAction, refund.id)
    switched = [one for one in await kinds(ctx) if one.kind == "ops.action_switched"]
    assert [one.body for one in switched] == [{"action": "stripe.refund", "enabled": False}]
