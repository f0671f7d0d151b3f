"""Every endpoint, tried with the session of somebody in operations who may only look.

Generated from the OpenAPI document: a new endpoint is covered by existing.
"""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from app.services.context import Context
from app.services.sessions import COOKIE
from models.person import Role
from tests.api.test_isolation import CALLS
from tests.factories import make_device, make_person, make_vendor
from tests.money_kit import make_invoice
from tests.ops_kit import make_event, make_mail
from tests.state.conftest import sign_in
from tests.state.ops.test_acts import everything

OWN = (" /auth/",)
"""What anybody does to their own session and account."""
ACTS = [one for one in CALLS if not any(own in one for own in OWN)]
BODY: dict[str, Any] = {
    "device_id": "SN-1",
    "user_omni": "0" * 64,
    "advance": "P1D",
    "label": "x",
    "events": [],
}


@pytest.mark.parametrize("call", ACTS)
async def test_a_viewer_changes_nothing_by_any_endpoint(
    ctx: Context, client: httpx.AsyncClient, call: str
) -> None:
    vendor = await make_vendor(ctx)
    ids = [
        vendor.id,
        (await make_device(ctx, vendor)).id,
        (await make_invoice(ctx, vendor)).id,
        (await make_event(ctx, status="failed")).id,
        (await make_mail(ctx)).id,
    ]
    cookie = f"{COOKIE}={await sign_in(ctx, await make_person(ctx, role=Role.OPS_VIEWER))}"
    headers = {"Cookie": cookie, "Origin": "http://portal.test"}
    before = await everything(ctx, "ops.list_exported")
    method, path = call.split()
    for one in ids:
        options: dict[str, Any] = {"json": BODY} if method == "POST" else {}
        address = re.sub(r"\{\w+\}", str(one), path)
        answer = await client.request(method, address, headers=headers, **options)
        assert answer.status_code < 500
    assert await everything(ctx, "ops.list_exported") == before
