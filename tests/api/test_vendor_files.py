from __future__ import annotations

import csv
import io

import httpx
import pytest

from app.services.context import Context
from app.services.sessions import COOKIE
from tests.factories import make_device, make_person, make_vendor
from tests.state.conftest import sign_in


async def cookie_of(ctx: Context, name: str, *device_ids: str) -> dict[str, str]:
    vendor = await make_vendor(ctx, name=name)
    for device_id in device_ids:
        await make_device(ctx, vendor, device_id)
    return {"Cookie": f"{COOKIE}={await sign_in(ctx, await make_person(ctx, vendor))}"}


def ids(answer: httpx.Response) -> list[str]:
    return [row["device_id"] for row in csv.DictReader(io.StringIO(answer.text))]


async def test_the_file_holds_what_the_list_shows(ctx: Context, client: httpx.AsyncClient) -> None:
    mine = await cookie_of(ctx, "Acme Toys", "SN-0001", "SN-0002", "XY-1")
    answer = await client.get("/files/vendor/devices.csv?q=sn&sort=device_id", headers=mine)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert ids(answer) == ["SN-0001", "SN-0002"]


async def test_the_file_of_another_vendor_holds_only_its_own(
    ctx: Context, client: httpx.AsyncClient
) -> None:
    await cookie_of(ctx, "Acme Toys", "SN-0001")
    theirs = await cookie_of(ctx, "Beta Robots", "BR-1")
    assert ids(await client.get("/files/vendor/devices.csv", headers=theirs)) == ["BR-1"]


@pytest.mark.parametrize(
    ("query", "status"), [("?sort=colour", 422), ("?status=odd", 422), ("?active_within=0", 422)]
)
async def test_odd_questions_are_refused(
    ctx: Context, client: httpx.AsyncClient, query: str, status: int
) -> None:
    mine = await cookie_of(ctx, "Acme Toys")
    answer = await client.get(f"/files/vendor/devices.csv{query}", headers=mine)
    assert answer.status_code == status


async def test_strangers_get_no_file(client: httpx.AsyncClient) -> None:
    assert (await client.get("/files/vendor/devices.csv")).status_code == 401
