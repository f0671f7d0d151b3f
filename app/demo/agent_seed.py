"""Gives the demo an agent with some weeks of calls: free ones first, then an upgrade, then invoices."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx

EMAIL: Final = "scout@quartz.example.com"
PACK: Final = "domain.leadscoring"
UPGRADES_AT: Final = 9
"""At which step of the history the agent's card is stored."""
_BEGIN: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    (
        f"{PACK}.questions.upsert_bulk",
        {
            "questions": [
                {"key": "team", "text": "How large is the team?", "options": ["1", "2-10", "11+"]},
                {"key": "budget", "text": "Is there a budget?", "options": ["yes", "no"]},
            ]
        },
    ),
    (f"{PACK}.models.create", {"key": "inbound", "name": "Inbound leads", "base_points": 10}),
    (
        f"{PACK}.rules.upsert_bulk",
        {
            "model": "inbound",
            "rules": [
                {
                    "key": "has-budget",
                    "question": "budget",
                    "operator": "equals",
                    "value": "yes",
                    "points": 40,
                }
            ],
        },
    ),
)


class AgentSeeder:
    """Acts as an agent and as its human, over the API alone."""

    def __init__(
        self, http: httpx.AsyncClient, base_url: str, pay: Callable[[str], Awaitable[None]]
    ) -> None:
        self.http = http
        self.base_url = base_url
        self.pay = pay
        self.chance = random.Random(20260102)  # noqa: S311 - a picture, not a secret
        self.key = ""
        self.tenant_id = ""
        self.leads = 0

    async def begin(self) -> dict[str, str]:
        """Onboard and set the product up; returns the agent's part of ``demo.json``."""
        answer = await self.http.post(
            f"{self.base_url}/api/onboard/leadscoring",
            json={"agent_id": "scout", "email": EMAIL, "organization_name": "Quartz Labs"},
        )
        answer.raise_for_status()
        made = answer.json()
        self.key, self.tenant_id = made["api_key"], made["tenant_uuid"]
        for action, params in _BEGIN:
            (await self._call(action, params)).raise_for_status()
        return {"tenant_uuid": self.tenant_id, "api_key": self.key, "email": EMAIL}

    async def live(self, step: int) -> None:
        """Call what an agent calls in two days: a few while it is free, many once it pays."""
        if step == UPGRADES_AT:
            await self._upgrade()
        for _ in range(self.chance.randint(*((3, 7) if step < UPGRADES_AT else (45, 75)))):
            await self._call(*self._next())

    def _next(self) -> tuple[str, dict[str, Any]]:
        drawn = self.chance.random()
        if drawn < 0.62:
            self.leads += 1
            answers = {
                "team": self.chance.choice(["1", "2-10", "11+"]),
                "budget": self.chance.choice(["yes", "no"]),
            }
            return f"{PACK}.leads.create", {
                "external_id": f"lead-{self.leads:05d}",
                "answers": answers,
            }
        if drawn < 0.80:
            return f"{PACK}.leads.export", {"model": "inbound", "limit": 20}
        if drawn < 0.90:
            return f"{PACK}.questions.list", {}
        if drawn < 0.96:
            return f"{PACK}.models.list", {}
        return f"{PACK}.leads.create", {"external_id": ""}  # a mistake, as they happen

    async def _call(self, action: str, params: dict[str, Any]) -> httpx.Response:
        while True:
            answer = await self.http.post(
                f"{self.base_url}/api/manage",
                json={"action": action, "params": params},
                headers={"X-API-Key": self.key},
            )
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                return answer
            await asyncio.sleep(int(answer.headers["retry-after"]))

    async def _upgrade(self) -> None:
        headers = {"X-API-Key": self.key}
        page = await self.http.post(
            f"{self.base_url}/api/upgrade/checkout",
            json={"tenant_uuid": self.tenant_id},
            headers=headers,
        )
        page.raise_for_status()
        await self.pay(page.json()["checkout_url"])
        for _ in range(150):
            usage = await self.http.get(f"{self.base_url}/api/usage", headers=headers)
            if usage.json()["tier"] == "paid":
                return
            await asyncio.sleep(0.2)
        raise RuntimeError("the demo's agent was not upgraded")
