"""Tokens: shown once, rotated with an overlap, revoked at once, watched for new networks."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from app.core.clock import FixedClock
from app.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    RateLimitedError,
)
from app.runtime import Runtime
from app.services import credentials
from app.services.context import SYSTEM, Actor, ActorKind, Context, Origin
from app.services.credentials import CredentialKind, IssuedToken
from models.audit import AuditEvent
from models.credential import Credential, CredentialAddress
from models.exchange import OutboxItem
from models.tenant import Tenant
from tests.factories import as_vendor, make_person, make_vendor

VENDOR = CredentialKind.VENDOR_TOKEN


async def issue(ctx: Context, label: str = "SDK") -> tuple[Tenant, IssuedToken]:
    tenant = await make_vendor(ctx)
    person = await make_person(ctx, tenant)
    return tenant, await credentials.issue(as_vendor(ctx, tenant, person=person), label)


async def use(run: Runtime, secret: str, ip: str = "203.0.113.7") -> Actor:
    nobody = Actor(ActorKind.ANONYMOUS, origin=Origin(ip, "curl/8", "req_1"))
    async with run.context(nobody) as ctx:
        return await credentials.authenticate_token(ctx, secret, VENDOR)


async def new_ip_rows(run: Runtime) -> list[dict[str, Any]]:
    async with run.context(SYSTEM) as ctx:
        rows = await ctx.db.scalars(
            select(col(AuditEvent.body))
            .where(col(AuditEvent.kind) == "vendor_token_used_from_new_ip")
            .order_by(col(AuditEvent.id))
        )
        return list(rows)


async def test_the_secret_is_shown_once_and_stored_only_as_a_keyed_hash(ctx: Context) -> None:
    tenant, issued = await issue(ctx)
    assert issued.secret.startswith("vnd_")
    assert len(issued.secret) == 4 + 43
    row = issued.row
    assert (row.prefix, row.lookup) == (issued.secret[:8], ctx.keyring.hash_token(issued.secret))
    assert issued.secret not in str(row.model_dump())
    noted = (await ctx.db.scalars(select(AuditEvent))).one()
    assert (noted.kind, noted.tenant_id) == ("vendor.token_issued", tenant.id)
    mail = (await ctx.db.scalars(select(OutboxItem))).one()
    assert (mail.name, mail.recipient) == ("token_issued", tenant.email)
    assert mail.payload["by"] == tenant.email


async def test_a_token_stands_for_its_tenant_only(run: Runtime) -> None:
    async with run.context(SYSTEM) as ctx:
        tenant, issued = await issue(ctx)
    actor = await use(run, issued.secret)
    assert (actor.kind, actor.tenant_id) == (ActorKind.VENDOR_TOKEN, tenant.id)
    with pytest.raises(NotSignedInError):
        await use(run, issued.secret + "x")
    async with run.context(SYSTEM) as ctx:
        with pytest.raises(ForbiddenError):
            await credentials.authenticate_token(ctx, issued.secret, CredentialKind.PLATFORM_TOKEN)
        ctx.db.add(issued.row)
        issued.row.revoked_at = ctx.now()
        await ctx.db.flush()
        with pytest.raises(NotSignedInError):
            await credentials.authenticate_token(ctx, issued.secret, CredentialKind.PLATFORM_TOKEN)


async def test_rotation_leaves_the_old_token_working_for_the_overlap(
    run: Runtime, clock: FixedClock
) -> None:
    async with run.context(SYSTEM) as ctx:
        tenant, old = await issue(ctx)
        new = await credentials.rotate(as_vendor(ctx, tenant), old.row.id)
        assert new.row.label == old.row.label
        assert old.row.replaced_by_id == new.row.id
        with pytest.raises(ConflictError, match="rotated"):
            await credentials.rotate(as_vendor(ctx, tenant), old.row.id)
    clock.advance(dt.timedelta(hours=72) - dt.timedelta(seconds=1))
    assert (await use(run, old.secret)).tenant_id == tenant.id
    clock.advance(dt.timedelta(seconds=1))
    with pytest.raises(NotSignedInError):
        await use(run, old.secret)
    assert (await use(run, new.secret)).tenant_id == tenant.id


@pytest.mark.parametrize("hours", [-1, 721])
async def test_an_overlap_has_bounds(ctx: Context, hours: int) -> None:
    tenant, old = await issue(ctx)
    with pytest.raises(InvalidInputError):
        await credentials.rotate(as_vendor(ctx, tenant), old.row.id, overlap_hours=hours)


async def test_revocation_takes_effect_at_once_and_holds(run: Runtime) -> None:
    async with run.context(SYSTEM) as ctx:
        tenant, issued = await issue(ctx)
    await use(run, issued.secret)
    for _ in range(2):
        async with run.context(SYSTEM) as ctx:
            await credentials.revoke(as_vendor(ctx, tenant), issued.row.id)
    with pytest.raises(NotSignedInError):
        await use(run, issued.secret)
    async with run.context(SYSTEM) as ctx:
        kinds = await ctx.db.scalars(select(col(AuditEvent.kind)))
        assert list(kinds).count("vendor.token_revoked") == 1
        with pytest.raises(ConflictError):
            await credentials.rotate(as_vendor(ctx, tenant), issued.row.id)


async def test_another_vendors_token_is_not_there(ctx: Context) -> None:
    _, theirs = await issue(ctx)
    mine = as_vendor(ctx, await make_vendor(ctx))
    for act in (credentials.revoke, credentials.rotate):
        with pytest.raises(NotFoundError):
            await act(mine, theirs.row.id)
    assert await credentials.list_tokens(mine) == []


@pytest.mark.parametrize("label", ["", " ", "x" * 61, "a\nb"])
async def test_a_label_is_short_and_printable(ctx: Context, label: str) -> None:
    with pytest.raises(InvalidInputError, match="label"):
        await issue(ctx, label)


async def test_there_are_only_so_many_live_tokens(ctx: Context) -> None:
    tenant, issued = await issue(ctx)
    vendor = as_vendor(ctx, tenant)
    for number in range(credentials.MAX_LIVE_TOKENS - 1):
        await credentials.issue(vendor, f"SDK {number}")
    with pytest.raises(ConflictError, match="live tokens"):
        await credentials.issue(vendor, "one more")
    await credentials.revoke(vendor, issued.row.id)
    await credentials.issue(vendor, "one more")


async def test_only_the_system_makes_platform_tokens(ctx: Context) -> None:
    with pytest.raises(ForbiddenError):
        await credentials.issue_platform_token(as_vendor(ctx, await make_vendor(ctx)), "Broker")
    issued = await credentials.issue_platform_token(ctx, "Broker")
    assert issued.secret.startswith("plt_")


async def test_each_new_network_is_audited_once_and_mailed_but_for_the_first(run: Runtime) -> None:
    async with run.context(SYSTEM) as ctx:
        _, issued = await issue(ctx)
    for ip in ("203.0.113.7", "203.0.113.7", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"):
        await use(run, issued.secret, ip)
    rows = await new_ip_rows(run)
    assert rows[0] == {
        "token_id": str(issued.row.id),
        "ip": "203.0.113.7",
        "ip_prefix": "203.0.113.7/32",
        "first_seen_at": "2026-11-20T09:00:00Z",
        "previous_prefix_count": 0,
        "user_agent_sha256": hashlib.sha256(b"curl/8").hexdigest(),
        "initial": True,
    }
    assert [
        (row["ip_prefix"], row["previous_prefix_count"], row.get("initial")) for row in rows
    ] == [
        ("203.0.113.7/32", 0, True),
        ("2001:db8::/64", 1, None),
        ("2001:db8:0:1::/64", 2, None),
    ]
    async with run.context(SYSTEM) as ctx:
        mails = await ctx.db.scalars(
            select(OutboxItem).where(col(OutboxItem.name) == "token_new_ip")
        )
        assert sorted(str(mail.payload["ip"]) for mail in mails) == [
            "2001:db8:0:1::1",
            "2001:db8::1",
        ]


async def test_a_new_network_is_noted_although_the_request_is_refused(run: Runtime) -> None:
    async with run.context(SYSTEM) as ctx:
        _, issued = await issue(ctx)
    origin = Origin("198.51.100.4", "curl/8", "req_1")

    async def refused() -> None:
        async with run.context(Actor(ActorKind.ANONYMOUS, origin=origin)) as ctx:
            actor = await credentials.authenticate_token(ctx, issued.secret, VENDOR)
            replace(ctx, actor=actor).require_ops()

    with pytest.raises(ForbiddenError):
        await refused()
    assert [row["ip"] for row in await new_ip_rows(run)] == ["198.51.100.4"]


async def test_first_uses_at_once_from_several_networks_have_one_initial(
    own_run: Runtime,
) -> None:
    async with own_run.context(SYSTEM) as ctx:
        _, issued = await issue(ctx)
    places = [f"203.0.113.{number % 4}" for number in range(16)]
    await asyncio.gather(*(use(own_run, issued.secret, ip) for ip in places))
    rows = await new_ip_rows(own_run)
    assert sorted(row["ip"] for row in rows) == sorted(set(places))
    assert sum(bool(row.get("initial")) for row in rows) == 1
    async with own_run.context(SYSTEM) as ctx:
        assert await ctx.db.scalar(select(func.count()).select_from(CredentialAddress)) == 4


async def test_last_used_is_written_now_and_then(run: Runtime, clock: FixedClock) -> None:
    async with run.context(SYSTEM) as ctx:
        _, issued = await issue(ctx)

    async def last_used() -> dt.datetime | None:
        async with run.context(SYSTEM) as ctx:
            return (
                await ctx.db.get_one(Credential, issued.row.id, populate_existing=True)
            ).last_used_at

    await use(run, issued.secret)
    first = await last_used()
    assert first == clock.now()
    clock.advance(dt.timedelta(minutes=1))
    await use(run, issued.secret)
    assert await last_used() == first
    clock.advance(dt.timedelta(minutes=4))
    await use(run, issued.secret)
    assert await last_used() == clock.now()


async def test_a_token_used_too_often_is_told_when_to_come_back(run: Runtime) -> None:
    run.settings.limit_vendor_token = "2/minute"
    async with run.context(SYSTEM) as ctx:
        _, issued = await issue(ctx)
        _, other = await issue(ctx)
    await use(run, issued.secret)
    await use(run, issued.secret)
    with pytest.raises(RateLimitedError) as refused:
        await use(run, issued.secret)
    assert refused.value.retry_after
    await use(run, other.secret)
