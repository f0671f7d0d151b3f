"""The control plane: a runtime of its own counts with us, and only with its own kind of token."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from app.core.clock import FixedClock
from app.core.ids import new_id
from app.rules.quota import Tier
from app.runtime import Runtime
from app.services import credentials
from app.services.context import SYSTEM
from tests.factories import as_vendor, make_agent, make_vendor
from tests.money_kit import NOVEMBER, until

NOVEMBER_ASKED = {"start": "2026-11-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"}


@pytest.fixture
async def kernel(run: Runtime) -> dict[str, str]:
    async with run.context(SYSTEM) as ctx:
        issued = await credentials.issue_kernel_token(ctx, "leadscore-kernel")
    assert issued.secret.startswith("acp_kernel_")
    return {"Authorization": f"Bearer {issued.secret}"}


async def post(
    client: httpx.AsyncClient, name: str, headers: dict[str, str], body: Any = None, **more: str
) -> httpx.Response:
    return await client.post(f"/functions/v1/{name}", json=body, headers=headers | more)


async def test_a_tenant_is_made_without_a_key_and_once_an_address(
    client: httpx.AsyncClient, kernel: dict[str, str]
) -> None:
    who = {"agent_id": "scout", "email": "scout@example.com"}
    made = await post(client, "tenants-create", kernel, who)
    assert (made.status_code, made.json()["tier"]) == (201, "free")
    assert set(made.json()) == {"tenant_uuid", "tier", "created_at"}
    again = await post(client, "tenants-create", kernel, who)
    assert (again.status_code, again.json()["reason"]) == (409, "known_email")
    key = {"Idempotency-Key": "k"}
    other = who | {"email": "other@example.com"}
    first = await post(client, "tenants-create", kernel, other, **key)
    second = await post(client, "tenants-create", kernel, other, **key)
    assert first.json() == second.json()


async def test_usage_and_audit_count_the_same_rows(
    client: httpx.AsyncClient, run: Runtime, kernel: dict[str, str]
) -> None:
    async with run.context(SYSTEM) as ctx:
        made = await make_agent(ctx)
    tenant_id = str(made.agent.tenant_id)
    key = {"X-API-Key": made.api_key}
    for action in ("domain.leadscoring.leads.export", "meta.version", "no.such.action"):
        await client.post("/api/manage", json={"action": action}, headers=key)
    asked = {
        "tenant_id": tenant_id,
        "period_start": NOVEMBER_ASKED["start"],
        "period_end": NOVEMBER_ASKED["end"],
    }
    used = await post(client, "usage", kernel, asked)
    assert used.json() == {"tier": "free", "calls_used": 1, "calls_limit": 100}
    nobody = str(new_id())
    query = {"tenant_ids": [tenant_id, nobody], **NOVEMBER_ASKED}
    counted = await post(client, "audit-query", kernel, query)
    expected = [
        {"tenant_id": tenant_id, "successful": 2, "failed": 1, "total": 3},
        {"tenant_id": nobody, "successful": 0, "failed": 0, "total": 0},
    ]
    assert counted.json() == {"tenants": expected}
    by_address = await client.get("/functions/v1/audit-query", params=query, headers=kernel)
    assert by_address.json() == {"tenants": expected}
    narrowed = await post(client, "audit-query", kernel, query | {"action_prefix": "domain."})
    assert narrowed.json()["tenants"][0]["total"] == 1
    missing = await post(client, "usage", kernel, asked | {"tenant_id": nobody})
    assert missing.status_code == 404


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("tenants-create", {"agent_id": "x", "email": "nobody"}),
        ("usage", {"tenant_id": "x"}),
        ("audit-query", {"tenant_ids": [], **NOVEMBER_ASKED}),
        ("audit-query", {"tenant_ids": [str(new_id())], "start": "2026-12-01T00:00:00Z",
                         "end": "2026-11-01T00:00:00Z"}),
        ("audit-query", {"tenant_ids": [str(new_id())], "start": "soon", "end": "later"}),
        ("billing-run", {"period": "2026-13"}),
    ],
)  # fmt: skip
async def test_bad_input_is_told(
    client: httpx.AsyncClient, kernel: dict[str, str], name: str, body: Any
) -> None:
    answer = await post(client, name, kernel, body, **{"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_input"), answer.text


async def test_a_month_is_begun_and_resumed_and_never_twice(
    client: httpx.AsyncClient, run: Runtime, clock: FixedClock, kernel: dict[str, str]
) -> None:
    async with run.context(SYSTEM) as ctx:
        await make_agent(ctx)
    key = {"Idempotency-Key": "billing-2026-12-01"}
    early = await post(client, "billing-run", kernel, {"period": "2026-11"}, **key)
    assert (early.status_code, early.json()["reason"]) == (409, "period_not_over")
    until(clock, NOVEMBER.end)
    assert (await post(client, "billing-run", kernel)).status_code == 422
    first = await post(client, "billing-run", kernel, **key)
    assert (first.status_code, first.json()["period"]) == (200, "2026-11")
    assert (first.json()["tenants"], first.json()["status"]) == (1, "running")
    second = await post(client, "billing-run", kernel, {"period": "2026-11"}, **key)
    assert second.json() == first.json()


@pytest.mark.parametrize("name", ["tenants-create", "usage", "audit-query", "billing-run"])
async def test_only_a_runtime_reaches_it(
    client: httpx.AsyncClient, run: Runtime, name: str
) -> None:
    async with run.context(SYSTEM) as ctx:
        vendor = await credentials.issue(as_vendor(ctx, await make_vendor(ctx)), "v")
        platform = await credentials.issue_platform_token(ctx, "p")
        agent = await make_agent(ctx)
    for secret in (vendor.secret, platform.secret, agent.api_key):
        answer = await post(client, name, {"Authorization": f"Bearer {secret}"}, {})
        assert (answer.status_code, answer.json()["reason"]) == (403, "wrong_token_kind")
    forged = await post(client, name, {"Authorization": "Bearer acp_kernel_forged"}, {})
    assert forged.status_code == 401


async def test_an_organisation_is_the_sum_of_its_agents_and_of_nobody_elses(
    client: httpx.AsyncClient, run: Runtime, kernel: dict[str, str]
) -> None:
    ids: dict[str, str] = {}
    for email, organisation, count in (
        ("a@example.com", "Acme", 2), ("b@example.com", "Acme", 1), ("c@example.com", "Beta", 4),
    ):  # fmt: skip
        async with run.context(SYSTEM) as ctx:
            made = await make_agent(ctx, email)
            made.agent.organisation, made.agent.tier = organisation, Tier.PAID
            ids[email] = str(made.agent.tenant_id)
        for _ in range(count):
            body = {"action": "domain.leadscoring.leads.export"}
            await client.post("/api/manage", json=body, headers={"X-API-Key": made.api_key})
    asked = {
        "organization_name": "Acme",
        "period_start": NOVEMBER_ASKED["start"],
        "period_end": NOVEMBER_ASKED["end"],
    }
    answer = await post(client, "organizations-usage", kernel, asked)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["total"], found["successful"], found["charged"]) == (3, 3, 3)
    assert found["cost"] == {"amount": "0.003", "currency": "USD"}
    assert {one["tenant_id"]: one["total"] for one in found["tenants"]} == {
        ids["a@example.com"]: 2, ids["b@example.com"]: 1,
    }  # fmt: skip
    for bad, status in (
        ({"organization_name": "acme"}, 404),
        ({"organization_name": ""}, 422),
        ({"organization_name": "A\nB"}, 404),
        ({"period_end": asked["period_start"]}, 422),
    ):
        assert (
            await post(client, "organizations-usage", kernel, asked | bad)
        ).status_code == status
    key = {"X-API-Key": made.api_key, "Authorization": f"Bearer {made.api_key}"}
    assert (await post(client, "organizations-usage", key, asked)).status_code == 403
