"""POST /v1/events: durable, once each, all or nothing."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from sqlmodel import col

from app.api.guard import Guard
from app.runtime import Runtime
from app.services import credentials
from app.services.context import SYSTEM
from models.usage import UsageEvent
from tests.conftest import START
from tests.factories import USER, make_vendor

ACTOR = "d481ea87e00d361e87b847fe23f29859d678eb72e15b6f21464a9d2468de2624"


def event(id_: str = "evt-1", **changes: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "type": "authority.cap_mint",
        "time": "2026-11-20T08:59:00Z",
        "data": {"actor_omni": ACTOR},
        **changes,
    }


def paid(id_: str = "pay-1", **data: str) -> dict[str, Any]:
    return event(
        id_,
        type="pro.paid",
        data={
            "subscription_ref": "sub-1",
            "user_omni": USER,
            "amount": "10",
            "currency": "USD",
            **data,
        },
    )


async def platform_token(run: Runtime) -> str:
    async with run.context(SYSTEM) as ctx:
        return (await credentials.issue_platform_token(ctx, "Broker")).secret


@pytest.fixture
async def send(run: Runtime, client: httpx.AsyncClient) -> Any:
    token = await platform_token(run)

    async def post(*events: dict[str, Any]) -> httpx.Response:
        return await client.post(
            "/v1/events", json={"events": events}, headers={"Authorization": f"Bearer {token}"}
        )

    return post


async def stored(run: Runtime) -> list[tuple[str, str]]:
    async with run.context(SYSTEM) as ctx:
        rows = await ctx.db.execute(
            select(col(UsageEvent.event_id), col(UsageEvent.data)).order_by(col(UsageEvent.seq))
        )
        return [tuple(row) for row in rows]


async def test_a_batch_is_stored_and_a_repeated_one_counted_as_duplicates(
    run: Runtime, send: Any
) -> None:
    first = await send(event("a"), event("b"), paid())
    assert (first.status_code, first.json()) == (200, {"inserted": 3, "duplicates": 0}), first.text
    again = await send(event("c"), event("b"), paid(), event("c"))
    assert again.json() == {"inserted": 1, "duplicates": 3}
    assert [id_ for id_, _ in await stored(run)] == ["a", "b", "pay-1", "c"]


async def test_two_spellings_of_one_event_are_the_same_event(run: Runtime, send: Any) -> None:
    await send(event("a"), paid())
    again = await send(
        event("a", time="2026-11-20T09:59:00.000+01:00", data={"actor_omni": "0x" + ACTOR}),
        paid(amount="10.00", user_omni="0x" + USER),
    )
    assert again.json() == {"inserted": 0, "duplicates": 2}


@pytest.mark.parametrize(
    "other",
    [
        event("a", type="authority.memory_read"),
        event("a", time="2026-11-20T08:58:59Z"),
        event("a", data={"actor_omni": USER}),
        paid("a"),
    ],
)
async def test_the_same_id_with_another_content_refuses_the_whole_batch(
    run: Runtime, send: Any, other: dict[str, Any]
) -> None:
    await send(event("a"))
    answer = await send(event("b"), event("c"), other)
    assert answer.status_code == 409
    assert (answer.json()["reason"], answer.json()["index"]) == ("event_conflict", 2)
    assert [id_ for id_, _ in await stored(run)] == ["a"]


async def test_two_events_under_one_id_within_a_batch_refuse_it(run: Runtime, send: Any) -> None:
    answer = await send(event("a"), event("a", data={"actor_omni": USER}))
    assert (answer.status_code, answer.json()["index"]) == (409, 1)
    assert await stored(run) == []


@pytest.mark.parametrize(
    ("bad", "path"),
    [
        (event(id=""), "events.1.id"),
        (event(id="x" * 256), "events.1.id"),
        (event(id=7), "events.1.id"),
        (event(type="authority.nonsense"), "events.1"),
        (event(time="yesterday"), "events.1.time"),
        (event(time="2026-11-20T09:00:00"), "events.1.time"),
        (event(time="2026-02-30T09:00:00Z"), "events.1.time"),
        (event(time=1795000000), "events.1.time"),
        (event(time="2026-11-20T09:05:01Z"), "events.1.time"),
        (event(time="2026-10-16T08:59:59Z"), "events.1.time"),
        (event(time="0001-01-01T00:00:00+23:59"), "events.1.time"),
        (event(data={}), "events.1.data.actor_omni"),
        (event(data={"actor_omni": ACTOR[:-1]}), "events.1.data.actor_omni"),
        (event(data={"actor_omni": ACTOR + "\n"}), "events.1.data.actor_omni"),
        (event(data={"actor_omni": ACTOR, "more": 1}), "events.1.data.more"),
        (event(more=1), "events.1.more"),
        (paid(amount="0"), "events.1.data.amount"),
        (paid(amount="-1"), "events.1.data.amount"),
        (paid(amount="1e3"), "events.1.data.amount"),
        (paid(amount="1000000000"), "events.1.data.amount"),
        (paid(currency="XXX"), "events.1.data.amount"),
        (paid(currency="usd"), "events.1.data.currency"),
    ],
)
async def test_one_bad_event_refuses_the_batch_by_its_index(
    run: Runtime, send: Any, bad: dict[str, Any], path: str
) -> None:
    answer = await send(event("good"), bad)
    assert answer.status_code == 422, answer.text
    body = answer.json()
    assert (body["reason"], body["index"]) == ("invalid_input", 1)
    assert [one["path"] for one in body["fields"]] == [path]
    assert await stored(run) == []


async def test_the_time_window_is_that_of_the_products_clock(send: Any, clock: Any) -> None:
    clock.advance(dt.timedelta(days=40))
    assert (await send(event())).status_code == 422
    late = (START + dt.timedelta(days=5)).isoformat()
    assert (await send(event(time=late))).status_code == 200


@pytest.mark.parametrize("body", [{}, {"events": []}, {"events": 1}, {"events": [1]}, []])
async def test_a_batch_has_one_to_a_thousand_events(
    run: Runtime, client: httpx.AsyncClient, body: object
) -> None:
    headers = {"Authorization": f"Bearer {await platform_token(run)}"}
    answer = await client.post("/v1/events", json=body, headers=headers)
    assert answer.status_code == 422, answer.text
    many = {"events": [event(str(number)) for number in range(1001)]}
    assert (await client.post("/v1/events", json=many, headers=headers)).status_code == 422
    many["events"].pop()
    answer = await client.post("/v1/events", json=many, headers=headers)
    assert answer.json() == {"inserted": 1000, "duplicates": 0}


async def test_what_is_no_json_or_too_large_is_refused(
    run: Runtime, client: httpx.AsyncClient
) -> None:
    headers = {"Authorization": f"Bearer {await platform_token(run)}"}
    plain = await client.post("/v1/events", content=b"events", headers=headers)
    assert (plain.status_code, plain.json()["reason"]) == (415, "unsupported_media_type")
    headers["Content-Type"] = "application/json"
    twice = b'{"events": [], "events": []}'
    assert (await client.post("/v1/events", content=twice, headers=headers)).status_code == 400
    big = b"[" + b" " * (5 << 20) + b"]"
    assert (await client.post("/v1/events", content=big, headers=headers)).status_code == 413


async def test_a_batch_under_a_key_is_answered_the_same_again(
    run: Runtime, client: httpx.AsyncClient
) -> None:
    headers = {"Authorization": f"Bearer {await platform_token(run)}", "Idempotency-Key": "k"}
    first, again = [
        await client.post("/v1/events", json={"events": [event()]}, headers=headers)
        for _ in range(2)
    ]
    assert first.json() == again.json() == {"inserted": 1, "duplicates": 0}
    assert again.headers["idempotent-replayed"] == "true"
    other = await client.post("/v1/events", json={"events": [event("b")]}, headers=headers)
    assert (other.status_code, other.json()["reason"]) == (409, "idempotency_key_reused")


async def test_only_the_platform_sends_events(run: Runtime, client: httpx.AsyncClient) -> None:
    body = {"events": [event()]}
    assert (await client.post("/v1/events", json=body)).status_code == 401
    async with run.context(SYSTEM) as ctx:
        tenant = await make_vendor(ctx)
        vendor = credentials.make(ctx, credentials.VENDOR, "SDK", tenant.id)
    headers = {"Authorization": f"Bearer {vendor.secret}"}
    answer = await client.post("/v1/events", json=body, headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (403, "wrong_token_kind")
    async with run.context(SYSTEM) as ctx:
        ctx.db.add(vendor.row)
        vendor.row.revoked_at = ctx.now()
    assert (await client.post("/v1/events", json=body, headers=headers)).status_code == 401
    assert await stored(run) == []


async def test_ids_are_unique_per_platform_token(run: Runtime, client: httpx.AsyncClient) -> None:
    for _ in range(2):
        headers = {"Authorization": f"Bearer {await platform_token(run)}"}
        answer = await client.post("/v1/events", json={"events": [event()]}, headers=headers)
        assert answer.json() == {"inserted": 1, "duplicates": 0}


async def test_overlapping_batches_sent_at_once_store_each_event_once(
    own_run: Runtime, rest: Any
) -> None:
    headers = {"Authorization": f"Bearer {await platform_token(own_run)}"}
    ids = [f"evt-{number}" for number in range(60)]
    transport = httpx.ASGITransport(Guard(rest, own_run.settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as client:

        async def call(turn: int) -> dict[str, int]:
            wanted = ids[turn * 2 : turn * 2 + 40]
            events = [event(id_) for id_ in (wanted if turn % 2 else reversed(wanted))]
            answer = await client.post("/v1/events", json={"events": events}, headers=headers)
            assert answer.status_code == 200, answer.text
            return answer.json()

        answers = await asyncio.gather(*(call(turn) for turn in range(10)))
        assert sum(one["inserted"] for one in answers) == 58
        assert sum(one["duplicates"] for one in answers) == 400 - 58
        refused = await client.post(
            "/v1/events",
            json={"events": [event("new"), event("evt-0", data={"actor_omni": USER})]},
            headers=headers,
        )
        assert (refused.status_code, refused.json()["index"]) == (409, 1)
    async with own_run.context(SYSTEM) as ctx:
        assert await ctx.db.scalar(select(func.count()).select_from(UsageEvent)) == 58
