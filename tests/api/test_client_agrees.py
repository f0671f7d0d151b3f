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
from models.tenant import Tenant
from tests.conftest import START
from tests.factories import USER, as_vendor, make_vendor
from tests.money_kit import NOVEMBER, until, used
from turnpike_client import AsyncVendorClient, InvalidInput, calls, verify_receipt

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
