"""The vendor's REST surface: devices, tokens, usage, audit, keys."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update
from sqlmodel import col

from app.api.guard import Guard
from app.core import jws
from app.core.clock import FixedClock
from app.rules.omni import derive_device
from app.runtime import Runtime
from app.services import credentials, folding, receipts
from app.services.context import SYSTEM
from app.services.credentials import IssuedToken
from models.device import Device
from models.exchange import StoredAnswer
from models.tenant import Tenant
from models.usage import UsageEvent
from tests.conftest import START
from tests.factories import USER, as_vendor, make_device, make_vendor

REGISTER = "/v1/vendor/devices/register"
BODY = {"device_id": "SN-0001", "user_omni": USER}


@dataclass
class Vendor:
    """A vendor's SDK."""

    client: httpx.AsyncClient
    tenant: Tenant
    token: IssuedToken

    async def call(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> httpx.Response:
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers["Authorization"] = f"Bearer {self.token.secret}"
        return await self.client.request(method, path, json=body, headers=headers)


async def make(run: Runtime, client: httpx.AsyncClient) -> Vendor:
    async with run.context(SYSTEM) as ctx:
        tenant = await make_vendor(ctx)
        token = await credentials.issue(as_vendor(ctx, tenant), "SDK")
    return Vendor(client, tenant, token)


@pytest.fixture
async def vendor(run: Runtime, client: httpx.AsyncClient) -> Vendor:
    return await make(run, client)


@pytest.fixture
async def other(run: Runtime, client: httpx.AsyncClient) -> Vendor:
    return await make(run, client)


@pytest.fixture
async def own_vendor(own_run: Runtime, rest: Any) -> AsyncGenerator[Vendor]:
    transport = httpx.ASGITransport(Guard(rest, own_run.settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as client:
        yield await make(own_run, client)


async def count(run: Runtime, table: type[Any]) -> int:
    async with run.context(SYSTEM) as ctx:
        return await ctx.db.scalar(select(func.count()).select_from(table)) or 0


async def test_registering_answers_201_then_200_with_the_same_actor(
    vendor: Vendor, run: Runtime
) -> None:
    async with run.context(SYSTEM) as ctx:
        await receipts.publish_key(ctx)
    first = await vendor.call("POST", REGISTER, BODY)
    assert first.status_code == 201, first.text
    made = first.json()
    assert made["created"] is True
    assert made["actor_omni"] == derive_device(vendor.tenant.id, USER, "SN-0001").actor_omni
    assert made["policy_template"]["default"] == "deny"
    device = made["device"]
    assert device["registered_at"] == "2026-11-20T09:00:00Z"
    assert (device["generation"], device["last_active_at"]) == (0, None)
    again = await vendor.call("POST", REGISTER, {**BODY, "user_omni": "0x" + USER})
    assert again.status_code == 200
    assert again.json() == {**made, "created": False}
    keys = (await vendor.client.get("/.well-known/jwks.json")).json()["keys"]
    claims = jws.verify(
        made["receipt"], {key["kid"]: key for key in keys}, typ="binding-receipt+jwt"
    )
    assert claims["aud"] == f"vendor:{vendor.tenant.id}"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"device_id": "", "user_omni": USER}, "device_id"),
        ({"device_id": "täg", "user_omni": USER}, "device_id"),
        ({"device_id": 7, "user_omni": USER}, "device_id"),
        ({"device_id": "SN", "user_omni": USER[1:]}, "user_omni"),
        ({"device_id": "SN"}, "user_omni"),
    ],
)
async def test_bad_fields_are_named(
    vendor: Vendor, run: Runtime, body: dict[str, object], path: str
) -> None:
    answer = await vendor.call("POST", REGISTER, body)
    assert answer.status_code == 422
    assert [one["path"] for one in answer.json()["fields"]] == [path]
    assert await count(run, Device) == 0


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_body_that_does_not_say_it_is_json_is_told_so(vendor: Vendor, kind: str) -> None:
    for path in (REGISTER, "/v1/vendor/tokens"):
        answer = await vendor.client.post(
            path,
            content=b'{"device_id": "SN-1"}',
            headers={"Authorization": f"Bearer {vendor.token.secret}", "Content-Type": kind},
        )
        assert (answer.status_code, answer.json()["reason"]) == (415, "unsupported_media_type")


async def test_a_body_that_is_missing_is_a_missing_field(vendor: Vendor) -> None:
    answer = await vendor.call("POST", REGISTER)
    assert (answer.status_code, answer.json()["fields"][0]["path"]) == (422, "body")


async def test_too_many_requests_of_a_token_hear_when_to_come_back(
    vendor: Vendor, run: Runtime
) -> None:
    run.settings.limit_vendor_token = "3/minute"
    answers = [await vendor.call("GET", "/v1/vendor/tokens") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["reason"] == "rate_limited"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60


async def test_a_vendor_without_a_payment_method_hears_402(
    client: httpx.AsyncClient, run: Runtime
) -> None:
    async with run.context(SYSTEM) as ctx:
        tenant = await make_vendor(ctx, connected=False)
        token = await credentials.issue(as_vendor(ctx, tenant), "SDK")
    answer = await Vendor(client, tenant, token).call("POST", REGISTER, BODY)
    assert (answer.status_code, answer.json()["reason"]) == (402, "payment_not_connected")


async def test_devices_are_listed_in_pages_that_inserts_do_not_disturb(
    vendor: Vendor, run: Runtime
) -> None:
    async with run.context(SYSTEM) as ctx:
        for number in range(5):
            await make_device(ctx, vendor.tenant, f"SN-{number}")  # all at one instant
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        path = f"/v1/vendor/devices?limit=2&cursor={cursor}"
        page = (await vendor.call("GET", path)).json()
        seen += [row["device_id"] for row in page["data"]]
        cursor = page["next_cursor"]
        async with run.context(SYSTEM) as ctx:
            await make_device(ctx, vendor.tenant, f"new-{len(seen)}")
    assert sorted(one for one in seen if one.startswith("SN")) == [f"SN-{n}" for n in range(5)]
    assert len(seen) == len(set(seen))


async def test_devices_are_searched_and_filtered(vendor: Vendor, run: Runtime) -> None:
    async with run.context(SYSTEM) as ctx:
        for name in ("Bear-100%", "bear_2", "Duck-3"):
            device = await make_device(ctx, vendor.tenant, name)
        await ctx.db.execute(
            update(Device).where(col(Device.id) == device.id).values(last_active_at=START)
        )

    async def found(query: str) -> list[str]:
        rows = (await vendor.call("GET", f"/v1/vendor/devices?{query}")).json()["data"]
        return sorted(row["device_id"] for row in rows)

    assert await found("q=BEAR") == ["Bear-100%", "bear_2"]
    assert await found("q=%25") == ["Bear-100%"]
    assert await found("q=_") == ["bear_2"]
    assert await found("status=active") == ["Duck-3"]
    assert await found("status=quiet&q=bear") == ["Bear-100%", "bear_2"]
    assert await found("status=released") == []


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "cursor=nonsense", "status=lost"])
async def test_a_bad_question_is_refused(vendor: Vendor, query: str) -> None:
    assert (await vendor.call("GET", f"/v1/vendor/devices?{query}")).status_code == 422


async def test_rekey_and_release(vendor: Vendor) -> None:
    made = (await vendor.call("POST", REGISTER, BODY)).json()
    path = f"/v1/vendor/devices/{made['device']['id']}"
    new = await vendor.call("POST", f"{path}/rekey")
    assert (new.status_code, new.json()["generation"]) == (200, 1)
    assert new.json()["device"]["generation"] == 1
    assert new.json()["actor_omni"] != made["actor_omni"]
    gone = await vendor.call("POST", f"{path}/release")
    assert gone.json()["status"] == "released"
    shown = (await vendor.call("GET", path)).json()
    assert shown["receipt"] == new.json()["receipt"]


CALLS = [
    ("GET", "/v1/vendor/devices", None),
    ("POST", REGISTER, BODY),
    ("GET", "/v1/vendor/devices/{device}", None),
    ("POST", "/v1/vendor/devices/{device}/rekey", None),
    ("POST", "/v1/vendor/devices/{device}/release", None),
    ("GET", "/v1/vendor/tokens", None),
    ("POST", "/v1/vendor/tokens", {"label": "x"}),
    ("POST", "/v1/vendor/tokens/{token}/rotate", {}),
    ("DELETE", "/v1/vendor/tokens/{token}", None),
    ("GET", "/v1/vendor/usage", None),
    ("GET", "/v1/vendor/audit", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
async def test_a_stranger_is_refused(
    client: httpx.AsyncClient, method: str, path: str, body: object
) -> None:
    path = path.format(device=USER, token=USER)
    for headers in ({}, {"Authorization": "Bearer vnd_guessed"}, {"Authorization": "Basic eDp5"}):
        answer = await client.request(method, path, json=body, headers=headers)
        assert (answer.status_code, answer.json()["reason"]) == (401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path", "body"), [call for call in CALLS if "{" in call[1]])
async def test_what_belongs_to_another_vendor_is_not_there(
    vendor: Vendor, other: Vendor, method: str, path: str, body: object
) -> None:
    made = (await other.call("POST", REGISTER, BODY)).json()
    path = path.format(device=made["device"]["id"], token=other.token.row.id)
    answer = await vendor.call(method, path, body)
    assert (answer.status_code, answer.json()["reason"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["devices", "tokens", "audit"])
async def test_a_list_holds_nothing_of_another_vendor(
    vendor: Vendor, other: Vendor, path: str
) -> None:
    await other.call("POST", REGISTER, BODY)
    rows = (await vendor.call("GET", f"/v1/vendor/{path}")).json()["data"]
    assert str(other.tenant.id) not in str(rows)
    assert other.token.row.prefix not in str(rows)
    assert "SN-0001" not in str(rows)


async def test_tokens_show_their_secret_once(vendor: Vendor) -> None:
    made = await vendor.call("POST", "/v1/vendor/tokens", {"label": "Factory"})
    assert made.status_code == 201
    issued = made.json()
    listed = (await vendor.call("GET", "/v1/vendor/tokens")).text
    assert issued["prefix"] in listed
    assert issued["token"] not in listed
    rotated = await vendor.call("POST", f"/v1/vendor/tokens/{issued['id']}/rotate")
    assert rotated.status_code == 201
    assert rotated.json()["label"] == "Factory"
    gone = await vendor.call("DELETE", f"/v1/vendor/tokens/{rotated.json()['id']}")
    assert (gone.status_code, gone.json()["is_live"]) == (200, False)
    last = await vendor.call("DELETE", f"/v1/vendor/tokens/{vendor.token.row.id}")
    assert last.status_code == 200
    assert (await vendor.call("GET", "/v1/vendor/tokens")).status_code == 401


@pytest.mark.parametrize("path", ["tokens", "tokens/{id}/rotate"])
async def test_a_field_that_no_token_has_is_refused(vendor: Vendor, path: str) -> None:
    path = f"/v1/vendor/{path}".format(id=vendor.token.row.id)
    answer = await vendor.call("POST", path, {"overlap": 0})
    assert (answer.status_code, answer.json()["fields"][0]["path"]) == (422, "overlap")


async def test_tokens_come_in_pages(vendor: Vendor) -> None:
    for number in range(4):
        await vendor.call("POST", "/v1/vendor/tokens", {"label": f"T{number}"})
    page = (await vendor.call("GET", "/v1/vendor/tokens?limit=3")).json()
    await vendor.call("POST", "/v1/vendor/tokens", {"label": "meanwhile"})
    path = f"/v1/vendor/tokens?limit=3&cursor={page['next_cursor']}"
    rest = (await vendor.call("GET", path)).json()
    labels = [row["label"] for row in page["data"] + rest["data"]]
    assert labels == ["T3", "T2", "T1", "T0", "SDK"]
    assert rest["next_cursor"] is None


async def test_a_month_to_come_has_no_figures(vendor: Vendor) -> None:
    answer = await vendor.call("GET", "/v1/vendor/usage?month=2026-12")
    assert answer.status_code == 422
    assert answer.json()["fields"] == [{"path": "month", "problem": "has not begun yet"}]


async def test_usage_of_a_month(vendor: Vendor, run: Runtime) -> None:
    made = (await vendor.call("POST", REGISTER, BODY)).json()
    async with run.context(SYSTEM) as ctx:
        ctx.db.add(
            UsageEvent(
                source_id=vendor.token.row.id,
                event_id="e",
                type="authority.cap_mint",
                occurred_at=START,
                data=f'{{"actor_omni":"{made["actor_omni"]}"}}',
                received_at=START,
            )
        )
        await ctx.db.flush()
        await folding.fold(ctx)
    answer = await vendor.call("GET", "/v1/vendor/usage?month=2026-11")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["month"], body["active_devices"], body["registered_devices"]) == ("2026-11", 1, 1)
    assert body["monthly_active_users"] == 1
    estimate = body["estimate"]
    assert (estimate["amount"], estimate["currency"]) == ("2.50", "USD")
    zero = {"amount": "0.00", "currency": "USD"}
    assert body["pro"] == {"gross": zero, "share": zero}
    assert (await vendor.call("GET", "/v1/vendor/usage")).json() == body
    assert (await vendor.call("GET", "/v1/vendor/usage?month=11-2026")).status_code == 422


async def test_the_audit_feed_filters_by_kind_and_time(vendor: Vendor, clock: FixedClock) -> None:
    await vendor.call("POST", REGISTER, BODY)
    clock.advance(dt.timedelta(hours=1))
    await vendor.call("POST", REGISTER, {**BODY, "device_id": "SN-2"})

    async def kinds(query: str) -> list[str]:
        answer = await vendor.call("GET", f"/v1/vendor/audit?{query}")
        return [row["kind"] for row in answer.json()["data"]]

    assert sorted(await kinds("")) == [
        "device.registered",
        "device.registered",
        "vendor.token_issued",
        "vendor_token_used_from_new_ip",
    ]
    assert await kinds("kind=device.") == ["device.registered"] * 2
    assert await kinds("kind=device.registered&since=2026-11-20T09:30:00Z") == ["device.registered"]
    assert await kinds("kind=device") == []
    refused = await vendor.call("GET", "/v1/vendor/audit?since=yesterday")
    assert refused.json()["fields"] == [{"path": "since", "problem": "must be an RFC 3339 instant"}]
    page = (await vendor.call("GET", "/v1/vendor/audit?limit=3")).json()
    rest = (await vendor.call("GET", f"/v1/vendor/audit?cursor={page['next_cursor']}")).json()
    assert len(page["data"]) + len(rest["data"]) == 4
    assert rest["next_cursor"] is None


async def test_a_repeated_key_replays_the_answer_byte_for_byte(
    vendor: Vendor, run: Runtime, clock: FixedClock
) -> None:
    first = await vendor.call("POST", REGISTER, BODY, Idempotency_Key="key-1")
    again = await vendor.call("POST", REGISTER, BODY, Idempotency_Key="key-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    clock.advance(dt.timedelta(hours=24))
    fresh = await vendor.call("POST", REGISTER, BODY, Idempotency_Key="key-1")
    assert (fresh.status_code, fresh.json()["created"]) == (200, False)
    assert fresh.json()["receipt"] == first.json()["receipt"]
    assert await count(run, StoredAnswer) == 1


async def test_a_token_is_issued_once_a_key_and_its_answer_is_stored_sealed(
    vendor: Vendor, run: Runtime
) -> None:
    path, body = "/v1/vendor/tokens", {"label": "Factory"}
    answers = [await vendor.call("POST", path, body, Idempotency_Key="k") for _ in range(3)]
    secret = answers[0].json()["token"]
    assert {answer.json()["token"] for answer in answers} == {secret}
    async with run.context(SYSTEM) as ctx:
        row = (await ctx.db.scalars(select(StoredAnswer))).one()
    assert secret.encode() not in row.sealed


async def test_the_same_key_with_another_request_is_refused(vendor: Vendor) -> None:
    await vendor.call("POST", REGISTER, BODY, Idempotency_Key="k")
    for path, body in ((REGISTER, {**BODY, "device_id": "x"}), ("/v1/vendor/tokens", BODY)):
        answer = await vendor.call("POST", path, body, Idempotency_Key="k")
        assert answer.status_code in (409, 422)
        if answer.status_code == 409:
            assert answer.json()["reason"] == "idempotency_key_reused"
    answer = await vendor.call("POST", REGISTER, {**BODY, "device_id": "x"}, Idempotency_Key="k")
    assert (answer.status_code, answer.json()["reason"]) == (409, "idempotency_key_reused")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_bodies_that_are_no_json_are_told_apart_under_a_key(
    vendor: Vendor, content_type: str
) -> None:
    made = (await vendor.call("POST", REGISTER, BODY)).json()

    async def rekey(body: bytes) -> httpx.Response:
        return await vendor.client.post(
            f"/v1/vendor/devices/{made['device']['id']}/rekey",
            content=body,
            headers={
                "Authorization": f"Bearer {vendor.token.secret}",
                "Idempotency-Key": "k-text",
                "Content-Type": content_type,
            },
        )

    first, again, other = [await rekey(body) for body in (b"one", b"one", b"two")]
    assert (first.status_code, again.content) == (200, first.content)
    assert other.status_code == 409, other.text


async def test_a_key_belongs_to_its_vendor(vendor: Vendor, other: Vendor) -> None:
    mine = await vendor.call("POST", REGISTER, BODY, Idempotency_Key="k")
    theirs = await other.call("POST", REGISTER, {**BODY, "device_id": "x"}, Idempotency_Key="k")
    assert (mine.status_code, theirs.status_code) == (201, 201)


async def test_a_refusal_is_replayed_as_well(vendor: Vendor, run: Runtime) -> None:
    path = f"/v1/vendor/tokens/{vendor.tenant.id}/rotate"
    first = await vendor.call("POST", path, {}, Idempotency_Key="k")
    again = await vendor.call("POST", path, {}, Idempotency_Key="k")
    assert first.status_code == again.status_code == 404
    assert first.content == again.content
    assert again.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_a_key_has_bounds(vendor: Vendor, key: str) -> None:
    answer = await vendor.call("POST", REGISTER, BODY, Idempotency_Key=key)
    assert answer.status_code == 422


async def _claim(vendor: Vendor, run: Runtime, age: dt.timedelta) -> None:
    """Leave behind what a request that died half-way leaves."""
    await vendor.call("POST", REGISTER, BODY, Idempotency_Key="k")
    async with run.context(SYSTEM) as ctx:
        row = (await ctx.db.scalars(select(StoredAnswer))).one()
        row.status_code, row.created_at = 0, row.created_at - age


async def test_a_request_still_running_under_the_key_is_a_conflict(
    vendor: Vendor, run: Runtime
) -> None:
    await _claim(vendor, run, dt.timedelta(seconds=30))
    answer = await vendor.call("POST", REGISTER, BODY, Idempotency_Key="k")
    assert (answer.status_code, answer.json()["reason"]) == (409, "in_progress")
    assert answer.headers["retry-after"] == "1"


async def test_the_claim_of_a_request_that_died_is_taken_over(vendor: Vendor, run: Runtime) -> None:
    await _claim(vendor, run, dt.timedelta(seconds=61))
    answer = await vendor.call("POST", REGISTER, BODY, Idempotency_Key="k")
    assert answer.status_code == 200
    again = await vendor.call("POST", REGISTER, BODY, Idempotency_Key="k")
    assert again.headers["idempotent-replayed"] == "true"


async def test_requests_at_once_under_one_key_change_things_once(
    own_vendor: Vendor, own_run: Runtime
) -> None:
    path, body = "/v1/vendor/tokens", {"label": "Factory"}
    answers = await asyncio.gather(
        *(own_vendor.call("POST", path, body, Idempotency_Key="k") for _ in range(20))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    secrets = {answer.json()["token"] for answer in answers if answer.status_code == 201}
    assert len(secrets) == 1
    assert all(
        answer.json()["reason"] == "in_progress" for answer in answers if answer.status_code == 409
    )
    tokens = (await own_vendor.call("GET", path)).json()["data"]
    assert len(tokens) == 2


async def test_fifty_first_registrations_at_once_make_one_actor(
    own_vendor: Vendor, own_run: Runtime
) -> None:
    answers = await asyncio.gather(*(own_vendor.call("POST", REGISTER, BODY) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [201]
    assert len({answer.json()["actor_omni"] for answer in answers}) == 1
    assert len({answer.json()["receipt"] for answer in answers}) == 1
    assert await count(own_run, Device) == 1
