"""Agents over HTTP: from one POST to the hundredth call, in the gateway's own envelope."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest

from app.rules.quota import Tier
from app.runtime import Runtime
from app.services import outbox
from app.services.context import SYSTEM
from models.agent import Agent, CallCounter
from tests.money_kit import mails

WHO = {"agent_id": "scout", "email": "scout@example.com", "organization_name": "Example Ltd"}


async def onboard(client: httpx.AsyncClient, **more: str) -> dict[str, Any]:
    answer = await client.post("/api/onboard/leadscoring", json=WHO | more)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def manage(client: httpx.AsyncClient, key: str, body: object) -> httpx.Response:
    return await client.post("/api/manage", json=body, headers={"X-API-Key": key})


async def test_one_call_and_its_own_example_works_as_it_stands(client: httpx.AsyncClient) -> None:
    made = await onboard(client)
    assert (made["onboarded"], made["tier"], made["free_calls_remaining"]) == (True, "free", 100)
    assert made["pricing"] == {"per_call": "0.001", "currency": "USD", "billing": "monthly"}
    example = made["instructions"]["example"]
    assert example["url"].endswith("/api/manage")
    answer = await client.request(
        example["method"], example["url"], headers=example["headers"], json=example["body"]
    )
    assert answer.status_code == 200, answer.text
    names = {one["name"] for one in answer.json()["data"]["actions"]}
    assert "domain.leadscoring.leads.create" in names


async def test_a_known_address_is_told_nothing_but_that(client: httpx.AsyncClient) -> None:
    made = await onboard(client)
    answer = await client.post("/api/onboard/leadscoring", json=WHO | {"agent_id": "thief"})
    assert answer.status_code == 202
    assert answer.json()["onboarded"] is False
    assert made["api_key"] not in answer.text
    assert made["tenant_uuid"] not in answer.text


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
async def test_a_key_comes_either_way(client: httpx.AsyncClient, header: str) -> None:
    key = (await onboard(client))["api_key"]
    value = key if header == "X-API-Key" else f"Bearer {key}"
    answer = await client.get("/api/usage", headers={header: value})
    assert answer.status_code == 200
    assert answer.json()["calls_remaining"] == 100
    assert answer.json()["payment_method_status"] == "none"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "VALIDATION_ERROR"),
        ({"action": ""}, 400, "VALIDATION_ERROR"),
        ({"action": "meta.version", "params": []}, 400, "VALIDATION_ERROR"),
        ({"action": "meta.version", "dry_run": True}, 400, "VALIDATION_ERROR"),
        ({"action": "meta.nothing"}, 404, "NOT_FOUND"),
        ({"action": "meta.version", "idempotency_key": "a b"}, 400, "VALIDATION_ERROR"),
    ],
)
async def test_the_gateway_refuses_in_its_own_envelope(
    client: httpx.AsyncClient, body: object, status: int, code: str
) -> None:
    key = (await onboard(client))["api_key"]
    answer = await manage(client, key, body)
    said = answer.json()
    assert (answer.status_code, said["ok"], said["code"]) == (status, False, code), said
    assert said["request_id"] == answer.headers["x-request-id"]
    assert said["error"]


@pytest.mark.parametrize("levels", [65, 300, 900])
async def test_what_is_nested_too_deep_is_refused_and_no_failure_of_ours(
    client: httpx.AsyncClient, levels: int
) -> None:
    key = (await onboard(client))["api_key"]
    deep = b"[" * (levels - 1) + b"]" * (levels - 1)
    answer = await client.post(
        "/api/manage",
        content=b'{"action": "meta.version", "params": {"a": ' + deep + b"}}",
        headers={"X-API-Key": key, "Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR"), answer.text


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "agk_forged"}, {"Authorization": "Basic x"}])
async def test_without_a_key_nothing_runs(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.post("/api/manage", json={"action": "meta.version"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "INVALID_API_KEY")


async def test_malformed_json_is_refused_in_the_same_envelope(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/api/manage", content=b'{"action": NaN}', headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


async def test_it_scores_leads(client: httpx.AsyncClient) -> None:
    key = (await onboard(client))["api_key"]
    pack = "domain.leadscoring"
    for action, params in (
        ("questions.upsert_bulk", {"questions": [{"key": "budget", "text": "Budget?"}]}),
        ("models.create", {"key": "fit", "name": "Fit", "base_points": 20}),
        (
            "rules.upsert_bulk",
            {
                "model": "fit",
                "rules": [
                    {
                        "key": "rich",
                        "question": "budget",
                        "operator": "at_least",
                        "value": 1000,
                        "points": 65,
                    }
                ],
            },
        ),
    ):
        answer = await manage(client, key, {"action": f"{pack}.{action}", "params": params})
        assert answer.status_code == 200, answer.text
    for external, budget in (("a", 5000), ("b", 10)):
        params = {"external_id": external, "answers": {"budget": budget}}
        answer = await manage(client, key, {"action": f"{pack}.leads.create", "params": params})
        assert answer.status_code == 200, answer.text
    spread = await manage(
        client, key, {"action": f"{pack}.scores.recompute", "params": {"model": "fit"}}
    )
    assert spread.json()["data"]["grades"] == {"A": 1, "B": 0, "C": 0, "D": 1}
    export = await manage(client, key, {"action": f"{pack}.leads.export", "params": {"limit": 1}})
    first = export.json()["data"]
    assert first["leads"][0]["scores"]["fit"] == {"points": 85, "grade": "A", "matched": ["rich"]}
    rest = await manage(
        client, key, {"action": f"{pack}.leads.export", "params": {"after": first["next_after"]}}
    )
    assert [one["external_id"] for one in rest.json()["data"]["leads"]] == ["b"]
    used = await client.get("/api/usage", headers={"X-API-Key": key})
    assert used.json()["calls_used"] == 8


async def test_one_agent_sees_nothing_of_another(client: httpx.AsyncClient) -> None:
    one = (await onboard(client))["api_key"]
    other = (await onboard(client, email="other@example.com"))["api_key"]
    action = "domain.leadscoring"
    lead = {"external_id": "HIDDEN-1", "answers": {}}
    made = await manage(client, one, {"action": f"{action}.leads.create", "params": lead})
    lead_id = made.json()["data"]["lead_id"]
    seen = await manage(client, other, {"action": f"{action}.leads.export"})
    assert seen.json()["data"]["leads"] == []
    after = await manage(
        client, other, {"action": f"{action}.leads.export", "params": {"after": lead_id}}
    )
    assert after.status_code == 404
    keys = await client.get("/api/keys", headers={"X-API-Key": one})
    key_id = keys.json()["data"][0]["id"]
    for method, path in (("POST", f"/api/keys/{key_id}/rotate"), ("DELETE", f"/api/keys/{key_id}")):
        answer = await client.request(method, path, headers={"X-API-Key": other})
        assert answer.status_code == 404, answer.text


async def test_the_hundred_and_first_call_is_told_how_to_go_on(
    client: httpx.AsyncClient, run: Runtime
) -> None:
    made = await onboard(client)
    async with run.context(SYSTEM) as ctx:
        period = ctx.now().strftime("%Y-%m")
        ctx.db.add(CallCounter(tenant_id=UUID(made["tenant_uuid"]), period=period, used=100))
    answer = await manage(client, made["api_key"], {"action": "domain.leadscoring.leads.export"})
    said = answer.json()
    assert (answer.status_code, said["code"]) == (402, "UPGRADE_REQUIRED")
    assert said["usage"] == {"calls_used": 100, "calls_limit": 100, "tier": "free"}
    assert said["upgrade_url"].startswith("http://portal.test/v1/upgrade/")


async def test_keys_are_made_narrowed_rotated_and_revoked(client: httpx.AsyncClient) -> None:
    key = (await onboard(client))["api_key"]
    headers = {"X-API-Key": key}
    made = await client.post(
        "/api/keys", json={"label": "Reader", "scopes": ["manage.read"]}, headers=headers
    )
    assert (made.status_code, made.json()["scopes"]) == (201, ["manage.read"])
    reader = {"X-API-Key": made.json()["api_key"]}
    assert (await client.post("/api/keys", json={}, headers=reader)).status_code == 403
    wide = await client.post("/api/keys", json={"scopes": ["manage.governance"]}, headers=headers)
    assert wide.status_code == 422
    path = f"/api/keys/{made.json()['id']}"
    rotated = await client.post(f"{path}/rotate", json={"overlap_hours": 0}, headers=headers)
    assert rotated.status_code == 201
    assert (await client.get("/api/usage", headers=reader)).status_code == 401
    fresh = {"X-API-Key": rotated.json()["api_key"]}
    assert (await client.get("/api/usage", headers=fresh)).status_code == 200
    ended = await client.delete(f"/api/keys/{rotated.json()['id']}", headers=headers)
    assert ended.json()["is_live"] is False
    assert (await client.get("/api/usage", headers=fresh)).status_code == 401


BROWSER = {"Accept": "text/html"}


async def test_an_upgrade_begins_by_key_or_by_link(client: httpx.AsyncClient) -> None:
    made = await onboard(client)
    headers = {"X-API-Key": made["api_key"]}
    body = {"tenant_uuid": made["tenant_uuid"]}
    begun = await client.post("/api/upgrade/checkout", json=body, headers=headers)
    assert begun.status_code == 201, begun.text
    assert begun.json()["expires_at"].endswith("Z")
    link = made["upgrade"]["upgrade_url"]
    shown = await client.get(link)
    assert shown.json() == {
        "agent_id": "scout",
        "upgraded": False,
        "calls_used": 0,
        "calls_limit": 100,
        "per_call": "0.001",
        "currency": "USD",
    }
    page = await client.get(link, headers=BROWSER)
    assert "0.001 USD" in page.text
    assert made["api_key"] not in page.text
    followed = await client.post(link, headers=BROWSER)
    assert (followed.status_code, followed.headers["location"]) == (
        303,
        begun.json()["checkout_url"],
    )
    assert (await client.post(link)).json()["redirect_url"] == begun.json()["checkout_url"]


async def test_an_upgrade_of_another_is_not_there(client: httpx.AsyncClient) -> None:
    key = (await onboard(client))["api_key"]
    other = (await onboard(client, email="other@example.com"))["tenant_uuid"]
    body = {"tenant_uuid": other}
    answer = await client.post("/api/upgrade/checkout", json=body, headers={"X-API-Key": key})
    assert answer.status_code == 404
    for forged in ("x", f"{UUID(other).hex}-ffffffff-{'0' * 64}"):
        assert (await client.get(f"/v1/upgrade/{forged}")).status_code == 404
        assert (await client.post(f"/v1/upgrade/{forged}")).status_code == 404
        page = await client.get(f"/v1/upgrade/{forged}", headers=BROWSER)
        assert (page.status_code, "not valid any more" in page.text) == (404, True)


async def test_an_agent_finds_the_way_from_nothing(client: httpx.AsyncClient) -> None:
    """Whatever the documents name can be called as they say."""
    words = await client.get("/llms.txt")
    assert words.headers["content-type"].startswith("text/plain")
    assert "max-age" in words.headers["cache-control"]
    found = (await client.get("/.well-known/agent-onboarding.json")).json()
    assert found["llms_url"] == "http://portal.test/llms.txt"
    assert found["onboarding"]["url"] in words.text
    assert found["mcp"]["url"] in words.text
    first = found["onboarding"]
    made = (await client.request(first["method"], first["url"], json=first["body"])).json()
    gate = found["gateway"]
    answer = await client.request(
        gate["method"], gate["url"], json=gate["body"], headers={gate["header"]: made["api_key"]}
    )
    offered = {one["name"]: one["billable"] for one in answer.json()["data"]["actions"]}
    assert {one["name"]: one["billable"] for one in found["actions"]} == offered
    assert all(name in words.text for name in offered)
    for name in ("openapi_url", "documentation_url", "usage_url"):
        headers = {"X-API-Key": made["api_key"]}
        assert (await client.get(found[name], headers=headers)).status_code == 200, name


async def test_a_month_says_what_was_called_and_what_it_costs(
    client: httpx.AsyncClient, run: Runtime
) -> None:
    made = await onboard(client)
    headers = {"X-API-Key": made["api_key"]}
    export = {"action": "domain.leadscoring.leads.export"}
    assert (await manage(client, made["api_key"], export)).status_code == 200
    assert (await manage(client, made["api_key"], {"action": "no.such"})).status_code == 404
    async with run.context(SYSTEM) as ctx:
        agent = await ctx.db.get_one(Agent, UUID(made["tenant_uuid"]))
        agent.tier = Tier.PAID
    for _ in range(2):
        await manage(client, made["api_key"], export)
    query = {"tenant_uuid": made["tenant_uuid"], "period": "2026-11"}
    answer = await client.get("/api/billing/invoice", params=query, headers=headers)
    assert answer.json() == {
        "period": "2026-11",
        "usage": {"total": 4, "successful": 3, "failed": 1},
        "charges": {"per_call": "0.001", "calls": 2, "total": "0.002", "currency": "USD"},
        "invoice_id": None,
        "status": None,
    }
    other = await onboard(client, email="other@example.com")
    for changed, status in (
        ({"tenant_uuid": other["tenant_uuid"]}, 404),
        ({"period": "2026-13"}, 422),
        ({"period": "soon"}, 422),
    ):
        refused = await client.get("/api/billing/invoice", params=query | changed, headers=headers)
        assert refused.status_code == status, refused.text


async def test_where_addresses_must_be_confirmed_half_of_the_calls_wait_for_it(
    client: httpx.AsyncClient, run: Runtime
) -> None:
    run.settings.agents_must_confirm = True
    made = await onboard(client)
    assert made["free_calls_remaining"] == 50
    async with run.context(SYSTEM) as ctx:
        period = ctx.now().strftime("%Y-%m")
        ctx.db.add(CallCounter(tenant_id=UUID(made["tenant_uuid"]), period=period, used=50))
        (mail,) = await mails(ctx, "agent_confirm")
        path = outbox.mail_params(ctx, mail)["url"]
    export = {"action": "domain.leadscoring.leads.export"}
    stopped = await manage(client, made["api_key"], export)
    assert (stopped.status_code, "Confirm" in stopped.json()["error"]) == (402, True)
    shown = await client.get(path)
    assert shown.json() == {"agent_id": "scout", "email": WHO["email"], "confirmed": False}
    page = await client.get(path, headers=BROWSER)
    assert "Confirm this address" in page.text
    for _ in range(2):
        confirmed = await client.post(path, headers=BROWSER)
        assert confirmed.status_code == 303
    assert (await client.get(path)).json()["confirmed"] is True
    assert (await manage(client, made["api_key"], export)).status_code == 200
    upgrade = made["upgrade"]["upgrade_url"].rsplit("/", 1)[1]
    for forged in ("x", upgrade):  # a link is good for one thing only
        assert (await client.get(f"/v1/confirm/{forged}")).status_code == 404
        assert (await client.post(f"/v1/confirm/{forged}")).status_code == 404
