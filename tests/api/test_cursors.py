"""A cursor is the client's text: whatever is in it, the answer is a page or a refusal."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import httpx
import pytest

from app.core.errors import InvalidInputError
from app.core.ids import new_id
from app.runtime import Runtime
from app.services import credentials, device_lists
from app.services.context import SYSTEM, Context
from app.services.device_lists import Search
from tests.factories import as_vendor, make_vendor
from tests.money_kit import make_invoice

KEYS = [
    1,
    2**63,
    -(10**40),
    None,
    "",
    "\x00",
    "\ud800",
    "SN-0001",
    "2026-11-20T09:00:00",
    "2026-11-20T09:00:00Z",
    "0001-01-01T00:00:00+10:00",
    "9999-12-31T23:59:59-10:00",
]
LISTS = {
    "devices?": "-registered_at",
    "invoices?": "invoices",
    "invoices/{invoice}?": "counted",
    "audit?": "-at",
    "tokens?": "tokens",
}


def _cursor(sort: str, key: Any, id_: str) -> str:
    raw = json.dumps([sort, key, id_]).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.parametrize("where", LISTS)
async def test_a_forged_cursor_breaks_nothing(
    run: Runtime, client: httpx.AsyncClient, where: str
) -> None:
    async with run.context(SYSTEM) as ctx:
        tenant = await make_vendor(ctx)
        token = await credentials.issue(as_vendor(ctx, tenant), "SDK")
        invoice = await make_invoice(ctx, tenant, pushed=False)
    headers = {"Authorization": f"Bearer {token.secret}"}
    path = f"/v1/vendor/{where}".format(invoice=invoice.id)
    statuses = set[int]()
    for key in KEYS:
        for id_ in (str(new_id()), "{" + str(new_id()) + "}", "0" * 32, "x", "\x00" * 36):
            cursor = _cursor(LISTS[where], key, id_)
            answer = await client.get(f"{path}&cursor={cursor}", headers=headers)
            assert answer.status_code in (200, 422), (key, id_, answer.text)
            statuses.add(answer.status_code)
    assert statuses == {200, 422}


@pytest.mark.parametrize("sort", ["device_id", "-device_id", "last_active_at"])
async def test_a_forged_cursor_of_another_order_breaks_nothing(ctx: Context, sort: str) -> None:
    ctx = as_vendor(ctx, await make_vendor(ctx))
    page = None
    for key in KEYS:
        with contextlib.suppress(InvalidInputError):
            page = await device_lists.list_page(
                ctx, Search(sort=sort), cursor=_cursor(sort, key, str(new_id()))
            )
    assert page is not None
    assert page.rows == []
    with pytest.raises(InvalidInputError, match="no cursor of this list"):
        await device_lists.list_page(
            ctx, Search(sort=sort), cursor=_cursor(sort, 2**64, str(new_id()))
        )
