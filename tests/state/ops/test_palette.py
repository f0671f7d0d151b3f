from __future__ import annotations

from typing import Any

import pytest

from app.core.errors import ForbiddenError, NotSignedInError
from app.services.context import Context
from models.tenant import Tenant
from state.ops.palette import OpsPaletteState
from tests.factories import make_device
from tests.money_kit import make_invoice
from tests.state.conftest import Tab


async def found(tab: Tab, text: str) -> list[tuple[str, str, str]]:
    state = await tab.state(OpsPaletteState)
    await state.search(text)
    return [(one.group, one.label, one.href) for one in state.answer.found]


async def test_vendors_invoices_and_devices_of_everybody_are_found(
    ctx: Context, vendor: Tenant, viewer: Tab
) -> None:
    device = await make_device(ctx, vendor, "SN-0001")
    invoice = await make_invoice(ctx, vendor, pushed=False)
    await ctx.db.commit()
    page = f"/ops/tenants/{vendor.id}"
    at_device = ("Devices", "SN-0001", f"{page}?q=SN-0001")
    assert await found(viewer, "aCMe") == [("Tenants", "Acme Toys", page)]
    assert await found(viewer, vendor.email) == [("Tenants", "Acme Toys", page)]
    assert await found(viewer, str(invoice.number)) == [
        ("Invoices", str(invoice.number), f"/ops/invoices/{invoice.id}")
    ]
    assert await found(viewer, "sn-00") == [at_device]
    assert await found(viewer, f"0x{device.actor_omni[:12]}") == [at_device]
    assert await found(viewer, "  ") == []
    assert await found(viewer, "%") == []


async def test_vendors_and_strangers_find_nothing(
    ctx: Context, vendor: Tenant, tab: Tab, open_tab: Any
) -> None:
    for other, refusal in ((tab, ForbiddenError), (open_tab(""), NotSignedInError)):
        with pytest.raises(refusal):
            await found(other, "acme")
        assert (await other.state(OpsPaletteState)).answer.found == ()
