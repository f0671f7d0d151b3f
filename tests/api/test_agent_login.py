"""The forms that let the human behind an agent in: where they come from, lead to, and what they set."""

from __future__ import annotations

import httpx
import pytest
from sqlmodel import col, select

from app.runtime import Runtime
from app.services import outbox
from app.services.context import SYSTEM
from models.exchange import OutboxItem
from tests.factories import make_agent

OURS = {"Origin": "http://portal.test"}
SCRIPT = {**OURS, "Accept": "application/json"}
FORM = {**OURS, "Accept": "text/html"}
EMAIL = "agent@example.com"


@pytest.fixture
async def link(run: Runtime, client: httpx.AsyncClient) -> str:
    async with run.context(SYSTEM) as ctx:
        await make_agent(ctx)
    body = {"email": EMAIL, "next": "/agent/keys"}
    answer = await client.post("/auth/agent", json=body, headers=SCRIPT)
    assert answer.status_code == 202
    async with run.context(SYSTEM) as ctx:
        mail = (
            await ctx.db.scalars(select(OutboxItem).where(col(OutboxItem.name) == "agent_login"))
        ).one()
        return outbox.mail_params(ctx, mail)["url"]


async def test_looking_at_a_link_shows_whose_it_is_and_uses_nothing_up(
    client: httpx.AsyncClient, link: str
) -> None:
    for _ in range(2):
        page = await client.get(link, headers={"Accept": "text/html"})
        assert (page.status_code, "scout" in page.text, EMAIL in page.text) == (200, True, True)
        assert "set-cookie" not in page.headers
    seen = (await client.get(link)).json()
    assert (seen["email"], seen["agents"][0]["agent_id"]) == (EMAIL, "scout")


async def test_posting_to_a_link_lets_in_once_and_goes_on(
    client: httpx.AsyncClient, link: str
) -> None:
    path = link.partition("?")[0]
    answer = await client.post(path, data={"next": "/agent/keys"}, headers=FORM)
    assert (answer.status_code, answer.headers["location"]) == (303, "/agent/keys")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    again = await client.post(path, json={}, headers=SCRIPT)
    assert (again.status_code, again.json()["reason"]) == (404, "link_invalid")
    assert (await client.get(path, headers={"Accept": "text/html"})).status_code == 404
    form = await client.post(path, data={}, headers=FORM)
    assert form.headers["location"].startswith("/agent/login?error=link_invalid")


@pytest.mark.parametrize("origin", [None, "null", "http://elsewhere.example"])
async def test_no_other_site_lets_anybody_in(
    client: httpx.AsyncClient, link: str, origin: str | None
) -> None:
    headers = {"Accept": "application/json"} | ({"Origin": origin} if origin else {})
    for path in (link.partition("?")[0], "/auth/agent"):
        answer = await client.post(path, json={"email": EMAIL}, headers=headers)
        assert (answer.status_code, answer.json()["reason"]) == (403, "foreign_origin")


async def test_the_answer_is_the_same_for_an_address_without_an_agent(
    client: httpx.AsyncClient, link: str
) -> None:
    bodies = []
    for email in (EMAIL, "nobody@example.com"):
        answer = await client.post("/auth/agent", json={"email": email}, headers=SCRIPT)
        bodies.append((answer.status_code, answer.text.replace(email.replace("@", "%40"), "")))
    assert bodies[0] == bodies[1]


async def test_logging_out_leads_to_the_agents_login(client: httpx.AsyncClient, link: str) -> None:
    await client.post(link.partition("?")[0], json={}, headers=SCRIPT)
    answer = await client.post("/auth/logout", headers=SCRIPT)
    assert answer.json()["redirect"] == "/agent/login?signed_out=1"


async def test_an_agents_human_is_nobody_at_the_doors_of_people(
    client: httpx.AsyncClient, link: str
) -> None:
    await client.post(link.partition("?")[0], json={}, headers=SCRIPT)
    answer = await client.get("/files/vendor/devices.csv", headers=SCRIPT)
    assert (answer.status_code, answer.json()["reason"]) == (403, "wrong_login")
