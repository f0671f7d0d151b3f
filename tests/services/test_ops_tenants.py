from __future__ import annotations

import datetime as dt

import pytest
from sqlmodel import select

from app.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from app.core.ids import new_id
from app.rules.onboarding import Step
from app.rules.statuses import TenantStatus
from app.services import audit, credentials, ops_tenants
from app.services.context import Context
from app.services.ops_lists import Search
from models.audit import AuditEvent
from models.credential import Credential
from models.person import Role
from models.tenant import Tenant
from tests.factories import as_ops, as_vendor, make_device, make_person, make_vendor
from tests.money_kit import mails


async def found(ctx: Context, **search: str) -> list[str]:
    page = await ops_tenants.TENANTS.page(as_ops(ctx, Role.OPS_VIEWER), Search(**search))
    assert page.total == len(page.rows)
    return [line.tenant.display_name for line in page.rows]


async def audited(ctx: Context, kind: str) -> list[AuditEvent]:
    await ctx.db.flush()
    return list((await ctx.db.scalars(select(AuditEvent).where(AuditEvent.kind == kind))).all())


async def test_a_vendor_is_found_by_name_address_and_id(ctx: Context) -> None:
    acme = await make_vendor(ctx, name="Acme Toys", email="owner@acme.example.com")
    await make_vendor(ctx, name="Beta Robots")
    for text in ("ACME", "acme.example", str(acme.id)):
        assert await found(ctx, q=text) == ["Acme Toys"]
    assert await found(ctx, q="100%") == []


async def test_vendors_are_sorted_and_filtered(ctx: Context) -> None:
    await make_vendor(ctx, name="beta")
    await make_vendor(ctx, name="Alpha", status=TenantStatus.PENDING)
    assert await found(ctx, sort="name") == ["Alpha", "beta"]
    assert await found(ctx, sort="-name") == ["beta", "Alpha"]
    assert await found(ctx, status="pending") == ["Alpha"]
    with pytest.raises(InvalidInputError, match="sort"):
        await found(ctx, sort="secret")


async def test_a_vendor_without_a_device_for_a_week_is_stuck(ctx: Context) -> None:
    for name, age, has_device in (("New", 6, False), ("Halted", 7, False), ("Running", 9, True)):
        tenant = await make_vendor(ctx, name=name)
        tenant.created_at = ctx.now() - dt.timedelta(days=age)
        tenant.first_device_at = ctx.now() if has_device else None
    await ctx.db.flush()
    assert await found(ctx, status="stuck") == ["Halted"]


async def test_pages_come_one_after_another(ctx: Context) -> None:
    for number in range(26):
        await make_vendor(ctx, name=f"Vendor {number:02}")
    second = await ops_tenants.TENANTS.page(as_ops(ctx), Search(sort="name"), 2)
    assert [line.tenant.display_name for line in second.rows] == ["Vendor 25"]
    assert second.total == 26


async def test_the_detail_knows_the_steps_and_their_times_and_no_secret(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    await make_person(ctx, tenant)
    issued = await credentials.issue(as_vendor(ctx, tenant), "servers")
    await make_device(ctx, tenant)
    one = await ops_tenants.get(as_ops(ctx, Role.OPS_VIEWER), tenant.id)
    steps = {step: (done, at) for step, done, at in one.steps}
    assert steps[Step.CONFIRM_EMAIL] == (True, ctx.now())
    assert steps[Step.TERMS] == (False, None)
    assert steps[Step.TOKEN][0]
    assert (one.registered, one.active) == (1, 0)
    assert [token.label for token in one.tokens] == ["servers"]
    assert isinstance(one.tokens[0], Credential)
    assert issued.secret not in repr(one)


async def test_vendors_and_strangers_get_nothing(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    vendor = as_vendor(ctx, tenant)
    for attempt in (
        ops_tenants.TENANTS.page(vendor, Search()),
        ops_tenants.get(vendor, tenant.id),
        ops_tenants.suspend(vendor, tenant.id, reason="x"),
        ops_tenants.resume(vendor, tenant.id, reason="x"),
        ops_tenants.save_notes(vendor, tenant.id, "x"),
    ):
        with pytest.raises(ForbiddenError):
            await attempt
    with pytest.raises(NotFoundError):
        await ops_tenants.get(as_ops(ctx), new_id())


async def test_a_viewer_only_looks(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    viewer = as_ops(ctx, Role.OPS_VIEWER)
    for attempt in (
        ops_tenants.suspend(viewer, tenant.id, reason="x"),
        ops_tenants.resume(viewer, tenant.id, reason="x"),
        ops_tenants.save_notes(viewer, tenant.id, "x"),
    ):
        with pytest.raises(ForbiddenError):
            await attempt
    assert (await ctx.db.get_one(Tenant, tenant.id)).status is TenantStatus.ACTIVE


async def test_suspending_and_resuming_are_told_and_audited(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    operator = as_ops(ctx, Role.OPS_OPERATOR)
    await ops_tenants.suspend(operator, tenant.id, reason=" Devices sold\n as new ")
    row = await ctx.db.get_one(Tenant, tenant.id)
    assert (row.status, row.status_reason) == (TenantStatus.SUSPENDED, "Devices sold as new")
    with pytest.raises(ConflictError):
        await ops_tenants.suspend(operator, tenant.id, reason="again")
    await ops_tenants.resume(operator, tenant.id, reason="settled")
    assert (row.status, row.status_reason) == (TenantStatus.ACTIVE, "")
    assert [one.body for one in await audited(ctx, "ops.tenant_suspended")] == [
        {"reason": "Devices sold as new"}
    ]
    assert [one.tenant_id for one in await audited(ctx, "ops.tenant_resumed")] == [tenant.id]
    assert len(await mails(ctx, "tenant_suspended")) == len(await mails(ctx, "tenant_resumed")) == 1


async def test_suspending_needs_a_reason(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    with pytest.raises(InvalidInputError, match="reason"):
        await ops_tenants.suspend(as_ops(ctx), tenant.id, reason="  ")


async def test_a_vendor_never_reads_what_operations_wrote_about_it(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    for text in ("They haggle", "Pilot until May"):
        await ops_tenants.save_notes(as_ops(ctx, Role.OPS_OPERATOR), tenant.id, text)
    await ops_tenants.suspend(as_ops(ctx, Role.OPS_OPERATOR), tenant.id, reason="Sold as new")
    for search in (None, audit.Search(kind="ops."), audit.Search(kind="ops.notes_changed")):
        page = await audit.list_page(as_vendor(ctx, tenant), search, offset=0)
        kinds = [] if search and search.kind.endswith("changed") else ["ops.tenant_suspended"]
        assert ([one.kind for one in page.rows], page.total) == (kinds, len(kinds))


async def test_a_vendor_learns_what_operations_did_and_not_who_from_where(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    staff = as_ops(ctx, Role.OPS_OPERATOR)
    await ops_tenants.suspend(staff, tenant.id, reason="Sold as new")
    (shown,) = (await audit.list_page(as_vendor(ctx, tenant))).rows
    assert (shown.kind, shown.body) == ("ops.tenant_suspended", {"reason": "Sold as new"})
    assert (shown.actor_id, shown.ip, shown.request_id) == ("", "", "")
    await ctx.db.flush()
    (kept,) = await audited(ctx, "ops.tenant_suspended")
    assert (kept.actor_id, kept.ip) == (staff.actor.id, staff.actor.origin.ip)


async def test_notes_are_kept_with_what_they_were_before(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    operator = as_ops(ctx, Role.OPS_OPERATOR)
    await ops_tenants.save_notes(operator, tenant.id, "Pilot until May")
    await ops_tenants.save_notes(operator, tenant.id, "Pilot until May ")
    await ops_tenants.save_notes(operator, tenant.id, "Pilot until June")
    assert (await ctx.db.get_one(Tenant, tenant.id)).notes == "Pilot until June"
    assert [one.body for one in await audited(ctx, "ops.notes_changed")] == [
        {"before": ""},
        {"before": "Pilot until May"},
    ]
    with pytest.raises(InvalidInputError, match="at most"):
        await ops_tenants.save_notes(operator, tenant.id, "x" * 4_001)
