"""The tools of ``/mcp``, through the protocol library's own client over real sockets."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from sqlmodel import col, func, select

from app.api import mcp
from app.api.guard import Guard
from app.api.shield import Shield
from app.rules.gateway import CallStatus
from app.rules.quota import FREE_CALLS
from app.runtime import Runtime
from app.services import credentials
from app.services.actions import ACTIONS
from app.services.context import SYSTEM
from models.agent import Agent, AgentCall, CallCounter
from models.lead import Lead
from tests.factories import as_vendor, make_vendor
from tests.serving import served

PACK = "domain.leadscoring"
WHO = {"agent_id": "scout", "email": "scout@example.com"}
LEAD = {"external_id": "L-1", "answers": {"budget": 5}}


@pytest.fixture
async def site(run: Runtime, rest: object) -> AsyncGenerator[str]:
    """The REST application on a port of its own."""
    app = Shield(Guard(rest, run.settings), run.settings)  # type: ignore[arg-type]
    async with served(app, mcp.running(run.settings)) as place:
        yield f"http://{place}"


@asynccontextmanager
async def connected(site: str, mode: str = "auto", **headers: str) -> AsyncGenerator[Client]:
    async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
        transport = streamable_http_client(f"{site}/mcp", http_client=http)
        async with Client(transport, mode=mode) as client:  # type: ignore[arg-type]
            yield client


async def onboard(site: str, **more: str) -> dict[str, Any]:
    async with connected(site) as client:
        return (await client.call_tool("onboard", WHO | more)).structured_content


async def rows(run: Runtime) -> list[AgentCall]:
    async with run.context(SYSTEM) as ctx:
        return list(await ctx.db.scalars(select(AgentCall).order_by(col(AgentCall.id))))


@pytest.mark.parametrize("mode", ["auto", "legacy", "2026-07-28"])
async def test_an_agent_that_knows_only_the_address_does_it_all_by_itself(
    site: str, run: Runtime, mode: str
) -> None:
    async with connected(site, mode) as client:
        if mode != "2026-07-28":  # whoever pins a version is told nothing beforehand
            assert "onboard" in (client.instructions or "")
        tools = {one.name: one for one in (await client.list_tools()).tools}
        assert set(tools) == {"onboard", "usage", "upgrade", *ACTIONS}
        made = await client.call_tool("onboard", WHO)
    assert made.is_error is False
    assert json.loads(made.content[0].text) == made.structured_content
    key = made.structured_content["api_key"]
    async with connected(site, mode, **{"X-API-Key": key}) as client:
        done = await client.call_tool(f"{PACK}.leads.create", LEAD)
        assert (done.is_error, done.structured_content["ok"]) == (False, True)
        assert json.loads(done.content[0].text) == done.structured_content
        used = (await client.call_tool("usage")).structured_content
        assert (used["calls_used"], used["calls_remaining"]) == (1, 99)
        page = (await client.call_tool("upgrade")).structured_content
        assert page["checkout_url"].startswith("https://")
        assert page["expires_at"].endswith("Z")
    (row,) = await rows(run)
    assert (row.action, row.status, row.is_billable) == (
        f"{PACK}.leads.create",
        CallStatus.SUCCESS,
        True,
    )
    assert row.request_id == done.structured_content["request_id"]
    assert row.ip == "127.0.0.1"


async def test_a_tool_says_what_it_takes_and_whether_it_only_reads(site: str) -> None:
    async with connected(site) as client:
        tools = {one.name: one for one in (await client.list_tools()).tools}
    create, listed = tools[f"{PACK}.leads.create"], tools[f"{PACK}.questions.list"]
    assert set(create.input_schema["properties"]) == {
        "external_id",
        "answers",
        "dry_run",
        "idempotency_key",
    }
    assert create.input_schema["required"] == ["external_id", "answers"]
    assert listed.input_schema["properties"] == {}
    assert "dry_run" not in tools[f"{PACK}.scores.recompute"].input_schema["properties"]
    reading = {name for name, one in tools.items() if one.annotations.read_only_hint}
    assert reading == {"usage"} | {
        name for name, one in ACTIONS.items() if one.definition.scope == "manage.read"
    }


@pytest.mark.parametrize("tool", ["usage", "upgrade", "meta.version", f"{PACK}.leads.create", "no"])
@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "agk_forged"}, {"Authorization": "Basic x"}])
async def test_without_a_key_a_tool_says_how_to_get_one(
    site: str, run: Runtime, tool: str, headers: dict[str, str]
) -> None:
    async with connected(site, **headers) as client:
        said = await client.call_tool(tool, LEAD if "." in tool else {})
    body = said.structured_content
    assert (said.is_error, body["ok"], body["code"]) == (True, False, "INVALID_API_KEY")
    assert body["onboarding"]["tool"] == "onboard"
    assert "onboard" in said.content[0].text
    assert await rows(run) == []


async def test_a_bearer_key_does_as_well_and_a_vendors_token_does_not(
    site: str, run: Runtime
) -> None:
    key = (await onboard(site))["api_key"]
    async with connected(site, Authorization=f"Bearer {key}") as client:
        assert (await client.call_tool("meta.version")).is_error is False
    async with run.context(SYSTEM) as ctx:
        vendor = await credentials.issue(as_vendor(ctx, await make_vendor(ctx)), "vendor")
    async with connected(site, Authorization=f"Bearer {vendor.secret}") as client:
        said = await client.call_tool("usage")
    assert (said.is_error, said.structured_content["code"]) == (True, "AUTHORIZATION_ERROR")


async def test_a_known_address_gets_no_key_here_either(site: str) -> None:
    made = await onboard(site)
    again = await onboard(site, agent_id="thief")
    assert again["onboarded"] is False
    assert made["api_key"] not in str(again)


async def test_refusals_are_the_gateways_own_and_written_down(site: str, run: Runtime) -> None:
    made = await onboard(site)
    async with run.context(SYSTEM) as ctx:
        period = ctx.now().strftime("%Y-%m")
        ctx.db.add(CallCounter(tenant_id=UUID(made["tenant_uuid"]), period=period, used=FREE_CALLS))
    async with connected(site, **{"X-API-Key": made["api_key"]}) as client:
        for tool, arguments, code in (
            (f"{PACK}.leads.create", LEAD, "UPGRADE_REQUIRED"),
            (f"{PACK}.leads.create", {"external_id": 5}, "VALIDATION_ERROR"),
            (f"{PACK}.scores.recompute", {"model": "x", "dry_run": True}, "VALIDATION_ERROR"),
            ("no.such.action", {}, "NOT_FOUND"),
        ):
            said = await client.call_tool(tool, arguments)
            assert (said.is_error, said.structured_content["code"]) == (True, code)
        full = await client.call_tool(f"{PACK}.leads.create", LEAD)
        assert "/v1/upgrade/" in full.structured_content["upgrade_url"]
    assert [row.error_code for row in await rows(run)] == [
        "UPGRADE_REQUIRED",
        "VALIDATION_ERROR",
        "VALIDATION_ERROR",
        "NOT_FOUND",
        "UPGRADE_REQUIRED",
    ]
    async with run.context(SYSTEM) as ctx:
        assert await ctx.db.scalar(select(func.count()).select_from(Lead)) == 0


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("onboard", {"agent_id": "x"}),
        ("onboard", WHO | {"more": 1}),
        ("onboard", WHO | {"email": "nobody"}),
        ("meta.version", {"dry_run": "yes"}),
        ("meta.version", {"idempotency_key": "a b"}),
        ("usage", {"tenant": "other"}),
    ],
)
async def test_bad_arguments_are_named(site: str, tool: str, arguments: dict[str, Any]) -> None:
    key = (await onboard(site, email="first@example.com"))["api_key"]
    async with connected(site, **{"X-API-Key": key}) as client:
        said = await client.call_tool(tool, arguments)
    assert (said.is_error, said.structured_content["code"]) == (True, "VALIDATION_ERROR")
    assert said.structured_content["fields"]


async def test_dry_runs_and_repeated_calls_are_what_they_are_over_rest(
    site: str, run: Runtime
) -> None:
    key = (await onboard(site))["api_key"]
    async with connected(site, **{"X-API-Key": key}) as client:
        dry = await client.call_tool(f"{PACK}.leads.create", LEAD | {"dry_run": True})
        assert dry.structured_content["data"]["creates"]
        once = LEAD | {"idempotency_key": "k1"}
        first = await client.call_tool(f"{PACK}.leads.create", once)
        again = await client.call_tool(f"{PACK}.leads.create", once)
    assert again.structured_content["code"] == "IDEMPOTENT_REPLAY"
    assert again.structured_content["data"] == first.structured_content["data"]
    async with httpx.AsyncClient(headers={"X-API-Key": key}) as http:
        call = {"action": f"{PACK}.leads.create", "params": LEAD, "idempotency_key": "k1"}
        third = (await http.post(f"{site}/api/manage", json=call)).json()
    assert third["code"] == "IDEMPOTENT_REPLAY"  # it is one door with two handles
    assert third["data"] == first.structured_content["data"]
    assert [row.is_billable for row in await rows(run)] == [False, True, False, False]


async def test_one_agent_sees_nothing_of_another(site: str) -> None:
    mine = await onboard(site)
    rival = await onboard(site, email="rival@example.com")
    hidden = LEAD | {"external_id": "HIDDEN-1"}
    async with connected(site, **{"X-API-Key": mine["api_key"]}) as client:
        await client.call_tool(f"{PACK}.leads.create", hidden)
    async with connected(site, **{"X-API-Key": rival["api_key"]}) as client:
        seen = await client.call_tool(f"{PACK}.leads.export", {})
        usage = await client.call_tool("usage")
    assert seen.structured_content["data"]["leads"] == []
    assert usage.structured_content["calls_used"] == 1
    assert mine["tenant_uuid"] not in str((seen, usage))


async def test_a_key_is_limited_here_as_everywhere(site: str, run: Runtime) -> None:
    key = (await onboard(site))["api_key"]
    run.settings.limit_api_key = "2/minute"
    async with connected(site, **{"X-API-Key": key}) as client:
        for _ in range(2):
            assert (await client.call_tool("meta.version")).is_error is False
        said = await client.call_tool("meta.version")
    assert (said.is_error, said.structured_content["code"]) == (True, "RATE_LIMITED")
    assert said.structured_content["retry_after"] > 0


async def test_onboarding_is_limited_by_network_here_too(site: str, run: Runtime) -> None:
    run.settings.limit_onboard = "1/hour"
    assert (await onboard(site))["onboarded"] is True
    refused = await onboard(site, email="second@example.com")
    assert refused["code"] == "RATE_LIMITED"


async def test_scopes_are_those_of_the_key(site: str) -> None:
    key = (await onboard(site))["api_key"]
    async with httpx.AsyncClient() as http:
        made = await http.post(
            f"{site}/api/keys", json={"scopes": ["manage.read"]}, headers={"X-API-Key": key}
        )
    async with connected(site, **{"X-API-Key": made.json()["api_key"]}) as client:
        said = await client.call_tool(f"{PACK}.leads.create", LEAD)
        assert (said.is_error, said.structured_content["code"]) == (True, "SCOPE_DENIED")


async def test_what_fails_on_our_side_tells_nothing_of_it(
    site: str, run: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await onboard(site)

    async def broken(*_: Any) -> None:
        raise RuntimeError("a secret of ours")

    name = f"{PACK}.leads.create"
    monkeypatch.setitem(ACTIONS, name, replace(ACTIONS[name], run=broken))
    for mode in ("auto", "legacy"):
        async with connected(site, mode, **{"X-API-Key": made["api_key"]}) as client:
            said = await client.call_tool(name, LEAD)
        assert (said.is_error, said.structured_content["code"]) == (True, "INTERNAL_ERROR")
        assert "a secret of ours" not in str(said)
    async with run.context(SYSTEM) as ctx:
        agent = await ctx.db.get_one(Agent, UUID(made["tenant_uuid"]))
        assert agent.tier == "free"


PING = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}


@pytest.mark.parametrize("origin", ["http://evil.test", "null", "https://portal.test"])
async def test_a_page_of_elsewhere_reaches_nothing(site: str, origin: str) -> None:
    """A name that was rebound to our address is foreign all the same."""
    async with httpx.AsyncClient(headers=HEADERS) as http:
        refused = await http.post(f"{site}/mcp", json=PING, headers={"Origin": origin})
        assert (refused.status_code, refused.json()["error"]["data"]["reason"]) == (
            403,
            "foreign_origin",
        )
        own = await http.post(f"{site}/mcp", json=PING, headers={"Origin": "http://portal.test"})
        assert own.status_code == 200


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 400, -32700),
        (b'{"a": NaN}', 400, -32700),
        (b"x" * ((1 << 20) + 1), 413, -32600),
    ],
)
async def test_what_is_no_request_is_an_error_of_json_rpc(
    site: str, content: bytes, status: int, code: int
) -> None:
    async with httpx.AsyncClient(headers=HEADERS) as http:
        answer = await http.post(f"{site}/mcp", content=content)
    said = answer.json()
    assert (answer.status_code, said["jsonrpc"], said["error"]["code"]) == (status, "2.0", code)
    assert said["error"]["data"]["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
async def test_there_is_nothing_to_listen_to(site: str, method: str) -> None:
    async with httpx.AsyncClient(headers=HEADERS) as http:
        answer = await http.request(method, f"{site}/mcp")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_before_it_runs_it_says_so(client: httpx.AsyncClient) -> None:
    answer = await client.post("/mcp", json=PING)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
