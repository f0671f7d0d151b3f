from __future__ import annotations

from typing import Any

import pytest

from app.core.errors import NotSignedInError
from app.services import credentials
from app.services.context import Context
from models.person import Person
from models.tenant import Tenant
from state.vendor.palette import VendorPaletteState
from tests.factories import as_vendor, make_device
from tests.money_kit import make_invoice
from tests.state.conftest import Tab


@pytest.fixture
async def things(ctx: Context, vendor: Tenant, owner: Person) -> dict[str, str]:
    device = await make_device(ctx, vendor)
    invoice = await make_invoice(ctx, vendor, pushed=False)
    token = await credentials.issue(as_vendor(ctx, vendor, person=owner), "Factory line 1")
    await ctx.db.commit()
    return {
        "sn-00": f"/vendor/devices?open={device.id}",
        device.actor_omni[:8]: f"/vendor/devices?open={device.id}",
        f"0x{device.user_omni[:8]}": f"/vendor/devices?open={device.id}",
        str(invoice.number).lower(): f"/vendor/invoices/{invoice.id}",
        "factory": f"/vendor/tokens?open={token.row.id}",
        token.row.prefix: f"/vendor/tokens?open={token.row.id}",
    }


async def test_a_few_letters_lead_to_each_thing(tab: Tab, things: dict[str, str]) -> None:
    state = await tab.state(VendorPaletteState)
    for text, place in things.items():
        await state.search(text)
        assert [item.href for item in state.answer.found] == [place], text


@pytest.mark.parametrize("text", ["", "   ", "%", "_", "no such thing"])
async def test_what_names_nothing_finds_nothing(
    tab: Tab, things: dict[str, str], text: str
) -> None:
    state = await tab.state(VendorPaletteState)
    await state.search(text)
    assert state.answer.found == ()


async def test_another_vendor_finds_none_of_it(rival: Tab, things: dict[str, str]) -> None:
    state = await rival.state(VendorPaletteState)
    for text in things:
        await state.search(text)
        assert state.answer.found == ()


async def test_strangers_find_nothing(open_tab: Any) -> None:
    with pytest.raises(NotSignedInError):
        await (await open_tab("").state(VendorPaletteState)).search("a")
