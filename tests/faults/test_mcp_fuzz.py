"""Whatever is sent to ``/mcp`` of the running product, it answers in the protocol, and never fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app import build
from tests.faults.test_fuzz import EXAMPLES
from tests.running import Product, free_port, product
from tests.serving import served

FILE = """
[[hosts]]
name = "127.0.0.1"
port = {port}
allow_http = true
allow_private = true

[[actions]]
name = "domain.echo.say"
scope = "manage.domain"
description = "Say it back."
billable = true
unit = "call"
method = "POST"
url = "http://127.0.0.1:{port}/say"
headers = {{ Authorization = "ECHO_SECRET" }}
[actions.params]
type = "object"
required = ["word"]
[actions.params.properties.word]
type = "string"
"""
SECRET = "Bearer of-the-operator"
HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}
PORT = free_port()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Generator[Product]:
    """A product with a forwarded action, and no limit on requests."""
    build.ensure()
    folder: Path = tmp_path_factory.mktemp("mcp")
    file = folder / "actions.toml"
    file.write_text(FILE.format(port=PORT))
    extra = {"ACTIONS_FILE": str(file), "ECHO_SECRET": SECRET, "LIMIT_API_KEY": ""}
    with product(folder, **extra) as running:
        yield running


async def _say(request: Request) -> JSONResponse:
    return JSONResponse({"said": await request.json(), "headers": dict(request.headers)})


async def _journey(shop: Product) -> tuple[dict[str, Any], dict[str, Any], str]:
    who = {"agent_id": "scout", "email": "mcp-journey@example.com"}
    async with Client(f"{shop.url}/mcp") as client:
        assert "domain.echo.say" in {one.name for one in (await client.list_tools()).tools}
        made = (await client.call_tool("onboard", who)).structured_content
    headers = {"X-API-Key": made["api_key"]}
    async with (
        served(Starlette(routes=[Route("/say", _say, methods=["POST"])]), port=PORT),
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        Client(streamable_http_client(f"{shop.url}/mcp", http_client=http)) as client,
    ):
        said = await client.call_tool("domain.echo.say", {"word": "hello"})
        used = await client.call_tool("usage")
    return said.structured_content, used.structured_content, made["api_key"]


def test_from_the_address_alone_to_an_action_of_another_service(shop: Product) -> None:
    said, used, key = asyncio.run(_journey(shop))
    assert said["ok"] is True, said
    assert said["data"]["said"] == {"word": "hello"}
    heard = said["data"]["headers"]
    assert heard["authorization"] == "[redacted]"  # it was sent, and is not told on
    assert {"x-tenant-id", "x-request-id", "idempotency-key"} <= heard.keys()
    assert key not in str(heard)
    assert used["calls_used"] == 1
    gone = httpx.post(
        f"{shop.url}/api/manage",
        json={"action": "domain.echo.say", "params": {"word": "again"}},
        headers={"X-API-Key": key},
    )
    assert (gone.status_code, gone.json()["code"]) == (503, "UNAVAILABLE")
    left = httpx.get(f"{shop.url}/api/usage", headers={"X-API-Key": key}).json()
    assert left["calls_used"] == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)  # fmt: skip
METHODS = ["initialize", "ping", "tools/list", "tools/call", "server/discover", "resources/list",
           "prompts/get", "logging/setLevel", "notifications/cancelled", "no/such"]  # fmt: skip
IDS = st.integers(0, 9) | st.text(max_size=5) | JSON
ENVELOPES = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | JSON,
        "id": IDS,
        "method": st.sampled_from(METHODS) | JSON,
        "params": st.dictionaries(st.sampled_from(["name", "arguments", "_meta"]), JSON) | JSON,
    },
)
VERSIONS = ["", "2025-06-18", "2025-11-25", "2026-07-28", "1999-01-01"]


@pytest.mark.parametrize("who", ["agent", "stranger"])
def test_every_tool_answers_in_its_own_envelope_whatever_it_is_given(
    shop: Product, who: str
) -> None:
    onboarding = {"agent_id": who, "email": f"{who}@example.com"}
    made = httpx.post(f"{shop.url}/api/onboard/leadscoring", json=onboarding).json()
    headers = HEADERS | ({"X-API-Key": made["api_key"]} if who == "agent" else {})
    with httpx.Client(base_url=shop.url, headers=headers, timeout=30) as http:
        listed = http.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        for tool in listed.json()["result"]["tools"]:
            if tool["name"] != "onboard":  # its limit by network is on, and has a test of its own
                _try(http, who, tool)
    _is_well(shop)


def _taken(tool: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Arguments that a tool's schema allows, and some next to it, as for any endpoint."""
    schema = dict(tool["inputSchema"])
    document = {
        "openapi": "3.1.0",
        "info": {"title": tool["name"], "version": "1"},
        "components": {"schemas": schema.pop("$defs", {})},
        "paths": {
            "/tool": {
                "post": {
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": schema}},
                    },
                    "responses": {"200": {"description": "An answer."}},
                }
            }
        },
    }
    text = json.dumps(document).replace("#/$defs/", "#/components/schemas/")
    operation = schemathesis.openapi.from_dict(json.loads(text))["/tool"]["POST"]
    return operation.as_strategy().map(lambda case: case.body)


def _try(http: httpx.Client, who: str, tool: dict[str, Any]) -> None:
    """Call one tool with what its schema allows, and with anything else."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=EXAMPLES < 100,
        suppress_health_check=list(HealthCheck),
    )
    @given(arguments=_taken(tool) | st.dictionaries(st.text(), JSON))
    def ask(arguments: Any) -> None:
        params = {"name": tool["name"], "arguments": arguments}
        call = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}
        answer = http.post("/mcp", json=call)
        said = answer.json()
        if "error" in said:  # what is no JSON of ours, such as NUL in a text
            assert answer.status_code == 400, said
            return
        result = said["result"]
        assert (answer.status_code, said["id"]) == (200, 7)
        if who == "stranger":
            assert result["structuredContent"]["code"] == "INVALID_API_KEY"
        if result["isError"]:
            assert result["structuredContent"]["code"] != "INTERNAL_ERROR", said

    ask()


@settings(
    max_examples=20 * EXAMPLES,
    deadline=None,
    database=None,
    derandomize=EXAMPLES < 100,
    suppress_health_check=list(HealthCheck),
)
@given(
    body=ENVELOPES | st.lists(ENVELOPES, max_size=3) | JSON,
    version=st.sampled_from(VERSIONS),
    method=st.sampled_from(["POST", "POST", "POST", "GET", "DELETE"]),
)
def test_what_is_no_request_of_the_protocol_is_refused_in_it(
    shop: Product, body: Any, version: str, method: str
) -> None:
    headers = HEADERS | ({"MCP-Protocol-Version": version} if version else {})
    answer = httpx.request(method, f"{shop.url}/mcp", json=body, headers=headers)
    assert answer.status_code < 500, (body, answer.text)
    if answer.content and answer.headers["content-type"] == "application/json":
        assert answer.json()["jsonrpc"] == "2.0"


def _is_well(shop: Product) -> None:
    assert httpx.get(f"{shop.url}/readyz").status_code == 200
    log = shop.server.log.read_text()
    assert "request.failed" not in log, log[log.index("request.failed") :][:3000]
