"""Budgets over HTTP: set, shown, in force at the very next call, and nobody else's."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest

from app.rules.quota import Tier
from app.runtime import Runtime
from app.services.context import SYSTEM
from models.agent import Agent
from tests.api.test_agents import manage, onboard

ADDRESS = "/api/spend-limits"
BUDGET = {"budget": {"amount": "0.01", "currency": "USD"}, "hard_stop": True}


async def test_a_budget_is_set_shown_and_stops_the_call_after_its_last(
    run: Runtime, client: httpx.AsyncClient
) -> None:
    made = await onboard(client)
    headers = {"X-API-Key": made["api_key"]}
    async with run.context(SYSTEM) as ctx:
        agent = await ctx.db.get_one(Agent, UUID(made["tenant_uuid"]))
        agent.tier = Tier.PAID
    before = (await client.get(ADDRESS, headers=headers)).json()
    assert (before["budget"], before["hard_stop"], before["alerts"]) == (None, False, [])
    answer = await client.put(ADDRESS, headers=headers, json=BUDGET)
    assert answer.status_code == 200, answer.text
    assert answer.json()["remaining"] == {"amount": "0.01", "currency": "USD"}
    assert [one["percent"] for one in answer.json()["alerts"]] == [50, 80, 100]
    for number in range(11):
        body = {"action": "domain.leadscoring.leads.create",
                "params": {"external_id": f"L-{number}", "answers": {}}}  # fmt: skip
        last = await manage(client, made["api_key"], body)
    assert (last.status_code, last.json()["code"]) == (403, "CEILING_EXCEEDED")
    assert "First key" in last.json()["error"]
    shown = (await client.get(ADDRESS, headers=headers)).json()
    assert (shown["is_stopped"], shown["calls_charged"]) == (True, 10)
    assert shown["spent"] == {"amount": "0.01", "currency": "USD"}
    assert shown["period_end"] == "2026-12-01T00:00:00Z"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"budget": None, "hard_stop": True},
        {"budget": "1.00"},
        {"budget": {"amount": 1, "currency": "USD"}},
        {"budget": {"amount": "1.005", "currency": "USD"}},
        {"budget": {"amount": "1e3", "currency": "USD"}},
        {"budget": {"amount": "-1", "currency": "USD"}},
        {"budget": {"amount": "0", "currency": "USD"}},
        {"budget": {"amount": "5", "currency": "EUR"}},
        {"budget": {"amount": "99999999999999999999", "currency": "USD"}},
        {"budget": {"amount": "5", "currency": "USD"}, "hard_stop": 1},
    ],
)
async def test_a_bad_budget_is_refused_and_nothing_changes(
    client: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    headers = {"X-API-Key": (await onboard(client))["api_key"]}
    answer = await client.put(ADDRESS, headers=headers, json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["fields"]
    assert (await client.get(ADDRESS, headers=headers)).json()["budget"] is None


async def test_one_agents_budget_is_not_anothers(client: httpx.AsyncClient) -> None:
    mine, other = await onboard(client), await onboard(client, email="other@example.com")
    await client.put(ADDRESS, headers={"X-API-Key": mine["api_key"]}, json=BUDGET)
    shown = await client.get(ADDRESS, headers={"X-API-Key": other["api_key"]})
    assert shown.json()["budget"] is None


async def test_without_a_key_there_is_no_budget(client: httpx.AsyncClient) -> None:
    assert (await client.get(ADDRESS)).status_code == 401
    assert (await client.put(ADDRESS, json=BUDGET)).status_code == 401
