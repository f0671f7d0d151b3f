"""Every endpoint, tried without credentials and with another vendor's.

Generated from the OpenAPI document: a new endpoint is covered by existing.
"""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from app.api import deps, docs
from app.api.main import create_api
from app.core.ids import new_id
from app.runtime import Runtime
from app.services import credentials, tenant_sessions
from app.services.context import SYSTEM
from models.tenant import Tenant
from tests.factories import as_agent, as_vendor, make_agent, make_device, make_vendor

SECRET = "ACME-HIDDEN-1"
OPEN = {
    "GET /healthz",
    "GET /readyz",
    "GET /api/docs",
    "GET /.well-known/jwks.json",
    "POST /auth/signup",
    "POST /auth/resend",
    "POST /auth/verify",
    "POST /auth/login",
    "POST /auth/agent",
    "GET /v1/enter/{token}",
    "POST /v1/enter/{token}",
    "POST /auth/totp",
    "POST /auth/logout",
    "POST /auth/reset",
    "POST /auth/reset/request",
    "GET /v1/pay/{token}",
    "POST /v1/pay/{token}",
    "GET /llms.txt",
    "GET /.well-known/agent-onboarding.json",
    "POST /api/onboard/{product}",
    "GET /v1/confirm/{token}",
    "POST /v1/confirm/{token}",
    "GET /v1/upgrade/{token}",
    "POST /v1/upgrade/{token}",
}
"""Endpoints that anybody may call; each has tests of its own for what it tells."""

CALLS = [
    f"{method.upper()} {path}"
    for path, operations in create_api().openapi()["paths"].items()
    for method in operations
]
GUARDED = [one for one in CALLS if one not in OPEN]
BY_VENDOR_TOKEN = [one for one in GUARDED if " /v1/vendor/" in one]
AGENT_PATHS = (
    "/api/manage",
    "/api/usage",
    "/api/keys",
    "/api/upgrade",
    "/api/billing",
    "/api/spend-limits",
)
BY_API_KEY = [one for one in GUARDED if one.split()[1].startswith(AGENT_PATHS)]


async def _call(client: httpx.AsyncClient, call: str, ids: str, **headers: str) -> httpx.Response:
    method, path = call.split()
    is_registration = path.endswith("/register")
    body: dict[str, Any] = {"device_id": "SN-1", "user_omni": "0" * 64} if is_registration else {}
    options: dict[str, Any] = {"json": body} if method == "POST" else {}
    return await client.request(method, re.sub(r"\{\w+\}", ids, path), headers=headers, **options)


@pytest.mark.parametrize("call", GUARDED)
async def test_strangers_reach_nothing(client: httpx.AsyncClient, call: str) -> None:
    for headers in ({}, {"Authorization": "Bearer vnd_forged"}, {"Cookie": "turnpike_session=x"}):
        answer = await _call(client, call, str(new_id()), **headers)
        assert answer.status_code in (401, 403, 404), (headers, answer.text)
        assert answer.json()["request_id"]


@pytest.mark.parametrize("call", BY_VENDOR_TOKEN)
async def test_another_vendors_token_reaches_nothing_of_this_one(
    run: Runtime, client: httpx.AsyncClient, call: str
) -> None:
    async with run.context(SYSTEM) as ctx:
        mine = await make_vendor(ctx)
        device = await make_device(ctx, mine, SECRET)
        token = (await credentials.issue(as_vendor(ctx, mine), SECRET)).row
        rival = await credentials.issue(as_vendor(ctx, await make_vendor(ctx)), "rival")
        ids = (str(device.id), str(token.id), str(mine.id))
    for one in ids:
        answer = await _call(client, call, one, Authorization=f"Bearer {rival.secret}")
        assert SECRET not in answer.text
        assert ids[2] not in answer.text
        if "{" in call:
            assert answer.status_code == 404, answer.text
    async with run.context(SYSTEM) as ctx:
        for row in (device, token):
            ctx.db.add(row)
            await ctx.db.refresh(row)
        assert (device.released_at, device.generation, token.revoked_at) == (None, 0, None)


@pytest.mark.parametrize("call", BY_VENDOR_TOKEN)
async def test_the_platforms_token_is_no_vendors(
    run: Runtime, client: httpx.AsyncClient, call: str
) -> None:
    async with run.context(SYSTEM) as ctx:
        platform = await credentials.issue_platform_token(ctx, "platform")
    answer = await _call(client, call, str(new_id()), Authorization=f"Bearer {platform.secret}")
    assert (answer.status_code, answer.json()["reason"]) == (403, "wrong_token_kind")


@pytest.mark.parametrize("call", BY_API_KEY)
async def test_an_agents_doors_open_to_agents_only(
    run: Runtime, client: httpx.AsyncClient, call: str
) -> None:
    """Neither a vendor nor the platform is an agent; of another agent's things there is no trace."""
    async with run.context(SYSTEM) as ctx:
        vendor = await credentials.issue(as_vendor(ctx, await make_vendor(ctx)), "vendor")
        platform = await credentials.issue_platform_token(ctx, "platform")
        mine, rival = await make_agent(ctx, "a@example.com"), await make_agent(ctx, "b@example.com")
        keys = await credentials.list_tokens(as_agent(ctx, mine.agent), credentials.AGENT)
        key_id, tenant_id = str(keys[0].id), str(mine.agent.tenant_id)
    for secret in (vendor.secret, platform.secret):
        answer = await _call(client, call, key_id, Authorization=f"Bearer {secret}")
        assert answer.status_code == 403, answer.text
    answer = await _call(client, call, key_id, Authorization=f"Bearer {rival.api_key}")
    assert key_id not in answer.text
    assert tenant_id not in answer.text
    if "{" in call:
        assert answer.status_code == 404, answer.text


@pytest.mark.parametrize("call", [one for one in GUARDED if one not in BY_API_KEY])
async def test_an_api_key_opens_no_other_door(
    run: Runtime, client: httpx.AsyncClient, call: str
) -> None:
    async with run.context(SYSTEM) as ctx:
        made = await make_agent(ctx)
    answer = await _call(client, call, str(new_id()), Authorization=f"Bearer {made.api_key}")
    assert answer.status_code in (401, 403, 404), answer.text


BY_COOKIE = [
    f"{method} {route.path}"
    for route in docs.endpoints(create_api())
    for method in route.methods or ()
    if any(one.call is deps.signed_in for one in route.dependant.dependencies)
]


@pytest.mark.parametrize("call", BY_COOKIE)
async def test_an_agents_human_opens_no_door_of_vendors_and_operations(
    run: Runtime, client: httpx.AsyncClient, call: str
) -> None:
    async with run.context(SYSTEM) as ctx:
        tenant_id = (await make_agent(ctx)).agent.tenant_id
        tenant = await ctx.db.get_one(Tenant, tenant_id)
        cookie = (await tenant_sessions.begin(ctx, tenant, proof="test")).token
    headers = {"Cookie": f"turnpike_session={cookie}", "Origin": "http://portal.test"}
    answer = await _call(client, call, str(tenant_id), **headers)
    assert (answer.status_code, answer.json()["reason"]) == (403, "wrong_login"), answer.text


def test_there_are_doors_of_people_to_be_tried() -> None:
    assert len(BY_COOKIE) >= 4
