"""Audit events over HTTP: one or many, durable before the answer, refused whole with the index."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel import func, select

from app.core.ids import new_id
from app.rules.quota import Tier
from app.runtime import Runtime
from app.services import credentials
from app.services.context import SYSTEM
from models.agent import Agent, AgentCall
from tests.api.test_agents import onboard

ADDRESS = "/functions/v1/audit-ingest"
NOW = 1_795_165_200_000
"""2026-11-20 09:00 UTC, when the tests begin."""


def event(tenant: str, /, **more: Any) -> dict[str, Any]:
    return {
        "event_id": new_id().hex,
        "schema_version": 1,
        "ts": NOW,
        "tenant_id": tenant,
        "integration": "shop",
        "pack": "shop",
        "action": "domain.shop.orders.create",
        "actor": {"type": "api_key", "id": "agk_1234"},
        "request_hash": "a" * 64,
        "status": "success",
        "billable": True,
        "organization_id": "passed over",
    } | more


@pytest.fixture
async def token(run: Runtime) -> str:
    async with run.context(SYSTEM) as ctx:
        return (await credentials.issue_kernel_token(ctx, "runtime")).secret


async def send(client: httpx.AsyncClient, token: str, body: Any, **more: str) -> httpx.Response:
    return await client.post(
        ADDRESS, json=body, headers={"Authorization": f"Bearer {token}"} | more
    )


async def kept(run: Runtime) -> int:
    async with run.context(SYSTEM) as ctx:
        return await ctx.db.scalar(select(func.count()).select_from(AgentCall)) or 0


async def test_one_or_many_are_accepted_once(
    run: Runtime, client: httpx.AsyncClient, token: str
) -> None:
    made = await onboard(client)
    async with run.context(SYSTEM) as ctx:
        (await ctx.db.get_one(Agent, UUID(made["tenant_uuid"]))).tier = Tier.FREE
    one, two = event(made["tenant_uuid"]), event(made["tenant_uuid"])
    answer = await send(client, token, one)
    assert answer.status_code == 202, answer.text
    assert answer.json() == {"ok": True, "accepted": 1, "duplicates": 0}
    answer = await send(client, token, [one, two])
    assert answer.json() == {"ok": True, "accepted": 2, "duplicates": 1}
    assert await kept(run) == 2
    usage = await client.get("/api/usage", headers={"X-API-Key": made["api_key"]})
    assert usage.json()["calls_used"] == 2
    again = await send(client, token, two, **{"Idempotency-Key": "k"})
    replay = await send(client, token, two, **{"Idempotency-Key": "k"})
    assert (again.json()["duplicates"], replay.headers["Idempotent-Replayed"]) == (1, "true")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"ts": "2026-11-20T09:00:00Z"}, "1.ts"),
        ({"ts": NOW - 36 * 86_400_000}, "1.ts"),
        ({"ts": NOW + 301_000}, "1.ts"),
        ({"ts": -1}, "1.ts"),
        ({"ts": 10**18}, "1.ts"),
        ({"tenant_id": "nobody"}, "1.tenant_id"),
        ({"tenant_id": str(new_id())}, "1.tenant_id"),
        ({"event_id": "short"}, "1.event_id"),
        ({"event_id": None}, "1.event_id"),
        ({"schema_version": 2}, "1.schema_version"),
        ({"status": "done"}, "1.status"),
        ({"billable": "yes"}, "1.billable"),
        ({"actor": {"type": "robot", "id": "x"}}, "1.actor.type"),
        ({"request_hash": "A" * 64}, "1.request_hash"),
        ({"latency_ms": 2**40}, "1.latency_ms"),
        ({"action": "a\nb"}, "1.action"),
    ],
)
async def test_a_bad_event_refuses_the_whole_batch_and_says_which(
    run: Runtime, client: httpx.AsyncClient, token: str, more: dict[str, Any], field: str
) -> None:
    tenant_id = (await onboard(client))["tenant_uuid"]
    answer = await send(client, token, [event(tenant_id), event(tenant_id, **more)])
    assert answer.status_code == 422, answer.text
    assert (answer.json()["index"], answer.json()["fields"][0]["path"]) == (1, field)
    assert await kept(run) == 0


async def test_the_same_id_with_another_content_is_a_conflict(
    run: Runtime, client: httpx.AsyncClient, token: str
) -> None:
    one = event((await onboard(client))["tenant_uuid"])
    await send(client, token, one)
    answer = await send(client, token, [one | {"status": "error"}])
    assert (answer.status_code, answer.json()["reason"]) == (409, "event_conflict")
    assert await kept(run) == 1


@pytest.mark.parametrize("body", [[], "event", 7, None, [[]], [None]])
async def test_what_is_no_event_is_refused(
    client: httpx.AsyncClient, token: str, body: Any
) -> None:
    assert (await send(client, token, body)).status_code in (415, 422)


async def test_a_batch_may_be_large_and_not_too_large(
    client: httpx.AsyncClient, run: Runtime, token: str
) -> None:
    tenant_id = (await onboard(client))["tenant_uuid"]
    text = "x" * 1_900
    many = [event(tenant_id, error_message_redacted=text) for _ in range(1000)]
    assert (await send(client, token, many)).status_code == 202
    assert (await send(client, token, [*many, event(tenant_id)])).status_code == 422
    huge = {**event(tenant_id), "result_meta": {"resource_id": "x" * (6 << 20)}}
    assert (await send(client, token, huge)).status_code == 413


async def test_strangers_and_agents_tell_of_nothing(client: httpx.AsyncClient) -> None:
    made = await onboard(client)
    assert (await client.post(ADDRESS, json=event(made["tenant_uuid"]))).status_code == 401
    answer = await send(client, made["api_key"], event(made["tenant_uuid"]))
    assert answer.status_code == 403
