"""The client package against the product itself: every call is understood and every answer read."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.api.guard import Guard
from app.core.clock import FixedClock
from app.runtime import Runtime
from app.services import billing, billing_runs, credentials, receipts
from app.services.context import SYSTEM
from models.agent import CallCounter
from models.tenant import Tenant
from tests.conftest import START
from tests.factories import USER, as_vendor, make_vendor
from tests.money_kit import NOVEMBER, until, used
from turnpike_client import (
    AsyncAgentClient,
    AsyncVendorClient,
    InvalidInput,
    NotFound,
    TurnpikeError,
    UpgradeRequired,
    agent_calls,
    calls,
    verify_receipt,
)

URL = "http://localhost:3000"


@pytest.fixture
async def secrets(run: Runtime) -> dict[str, str]:
    """A vendor's token and id, and the platform's token."""
    async with run.context(SYSTEM) as ctx:
        await receipts.publish_key(ctx)
        tenant = await make_vendor(ctx)
        token = await credentials.issue(as_vendor(ctx, tenant), "SDK")
        platform = await credentials.issue_platform_token(ctx, "Broker")
        return {"vendor": token.secret, "id": str(tenant.id), "platform": platform.secret}


@pytest.fixture
def options(run: Runtime, rest: Any) -> dict[str, Any]:
    return {"transport": httpx.ASGITransport(Guard(rest, run.settings)), "retries": 0}


@pytest.fixture
async def vendor(
    secrets: dict[str, str], options: dict[str, Any]
) -> AsyncGenerator[AsyncVendorClient]:
    async with AsyncVendorClient(URL, secrets["vendor"], **options) as client:
        yield client


async def test_a_device_from_its_registration_to_its_release(
    run: Runtime, vendor: AsyncVendorClient, secrets: dict[str, str]
) -> None:
    made = await vendor.register_device("SN-1", USER)
    assert (await vendor.register_device("SN-1", USER)).created is False
    assert (await vendor.device(made.device.id)).actor_omni == made.actor_omni
    rekeyed = await vendor.rekey_device(made.device.id)
    assert (rekeyed.generation, rekeyed.actor_omni != made.actor_omni) == (1, True)
    receipt = verify_receipt(
        rekeyed.receipt or "",
        await vendor.jwks(),
        issuer=run.settings.public_url,
        vendor_id=secrets["id"],
    )
    assert receipt.binding.generation == 1
    assert (await vendor.release_device(made.device.id)).status == "released"
    assert [one.device_id async for one in vendor.devices(status="released", q="SN")] == ["SN-1"]
    assert "device.released" in [one.kind async for one in vendor.audit(since=START)]


async def test_tokens_keep_their_label_from_one_to_the_next(vendor: AsyncVendorClient) -> None:
    issued = await vendor.create_token("Factory")
    rotated = await vendor.rotate_token(issued.id, overlap_hours=0)
    assert issued.raw["label"] == rotated.raw["label"] == "Factory"
    await vendor.revoke_token(rotated.id)


async def test_figures_and_an_invoice_with_its_document(
    run: Runtime, vendor: AsyncVendorClient, secrets: dict[str, str], clock: FixedClock
) -> None:
    assert (await vendor.usage()).month == "2026-11"
    with pytest.raises(InvalidInput):
        await vendor.usage("2026-12")
    tenant_id = UUID(secrets["id"])
    async with run.context(SYSTEM) as ctx:
        await used(ctx, await ctx.db.get_one(Tenant, tenant_id), 3)
    until(clock, NOVEMBER.end)
    async with run.context(SYSTEM) as ctx:
        await billing_runs.start_run(ctx, "2026-11")
        for step in billing.STEPS[:4]:
            await step(ctx, tenant_id, "2026-11")
    (invoice,) = [one async for one in vendor.invoices()]
    assert str(invoice.total) == "7.50 USD"
    assert len((await vendor.invoice(invoice.id)).lines) == 1
    assert (await vendor.invoice_pdf(invoice.id)).startswith(b"%PDF-")


async def test_the_platform_reports_what_devices_did(
    vendor: AsyncVendorClient, secrets: dict[str, str], options: dict[str, Any]
) -> None:
    made = await vendor.register_device("SN-1", USER)
    event = {
        "id": "e1",
        "type": "authority.cap_mint",
        "time": START,
        "data": {"actor_omni": made.actor_omni},
    }
    (call,) = calls.event_batches([event])
    async with AsyncVendorClient(URL, secrets["platform"], **options) as platform:
        results = [await platform.run(call) for _ in range(2)]
    assert [(one.inserted, one.duplicates) for one in results] == [(1, 0), (0, 1)]


async def test_an_agent_from_its_onboarding_to_its_budget_and_another_key(
    run: Runtime, options: dict[str, Any]
) -> None:
    async with AsyncAgentClient(URL, None, **options) as nobody:
        made = await nobody.run(agent_calls.onboard("scout", "scout@example.com", "Example Ltd"))
        known = await nobody.run(agent_calls.onboard("scout", "scout@example.com"))
    assert (made.tier, made.free_calls_remaining, known.api_key) == ("free", 100, None)
    assert known.message
    lead = {"external_id": "L-1", "answers": {}}
    async with AsyncAgentClient(URL, made.api_key, **options) as agent:
        action = "domain.leadscoring.leads.create"
        first = await agent.call(action, lead, idempotency_key="k")
        again = await agent.call(action, lead, idempotency_key="k")
        assert (first.data, again.is_replay) == (again.data, True)
        assert (await agent.call("meta.version")).data
        assert (await agent.call(action, lead, dry_run=False)).data
        with pytest.raises(InvalidInput) as invalid:
            await agent.call(action, {})
        assert invalid.value.reason == "validation_error"
        with pytest.raises(NotFound):
            await agent.call("no.such.action")
        assert (await agent.usage()).calls_used == 2
        bill = await agent.bill(made.tenant_uuid or "", "2026-11")
        assert (bill.usage["successful"], bill.invoice_id) == (4, None)
        limits = await agent.set_spend_limits("5.00", hard_stop=True)
        assert (str(limits.budget), limits.hard_stop) == ("5.00 USD", True)
        assert (await agent.spend_limits()).remaining == limits.budget
        issued = await agent.create_key("worker", ["manage.read"])
        rotated = await agent.rotate_key(issued.id, overlap_hours=0)
        labels = {one.label async for one in agent.keys()}  # noqa: SIM118 - no mapping
        assert labels == {"First key", "worker"}
        await agent.revoke_key(rotated.id)
        page = await agent.upgrade(made.tenant_uuid or "")
        assert page.checkout_url
    async with AsyncAgentClient(URL, issued.api_key, **options) as reader:
        with pytest.raises(TurnpikeError):
            await reader.call(action, lead)
    async with run.context(SYSTEM) as ctx:
        counter = await ctx.db.get_one(CallCounter, (UUID(made.tenant_uuid or ""), "2026-11"))
        counter.used = 100
    async with AsyncAgentClient(URL, made.api_key, **options) as agent:
        with pytest.raises(UpgradeRequired) as refused:
            await agent.call("domain.leadscoring.leads.export")
    assert "/v1/upgrade/" in refused.value.upgrade_url
    assert refused.value.usage["calls_limit"] == 100
