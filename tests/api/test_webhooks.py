"""The addresses of notifications: genuine and stored, or refused."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from sqlmodel import select

from app.api.guard import Guard
from app.runtime import Runtime
from app.services.context import SYSTEM
from models.exchange import InboxEvent, OutboxItem
from tests.fakes import FakeProviders, FakeSource

GOOD = {"X-Signature": "good", "Content-Type": "application/json"}


def _body(id_: str = "evt_1", kind: str = "mail.bounced") -> bytes:
    return json.dumps({"id": id_, "kind": kind, "facts": {"email": "a@example.com"}}).encode()


@pytest.fixture(autouse=True)
def sources(providers: FakeProviders) -> None:
    providers.sources["stripe"] = FakeSource()
    providers.sources["alipay"] = FakeSource("alipay", acknowledgement="success")


async def _stored(run: Runtime) -> list[tuple[str, str, bytes]]:
    async with run.context(SYSTEM) as ctx:
        rows = await ctx.db.scalars(select(InboxEvent).order_by(InboxEvent.received_at))  # type: ignore[arg-type]
        return [(row.provider, row.event_id, row.body) for row in rows]


@pytest.mark.parametrize("path", ["/v1/webhook/stripe", "/api/webhooks/stripe"])
async def test_a_genuine_notification_is_stored_as_it_came(
    client: httpx.AsyncClient, run: Runtime, path: str
) -> None:
    answer = await client.post(path, content=_body(), headers=GOOD)
    assert (answer.status_code, answer.text) == (200, "ok")
    assert await _stored(run) == [("stripe", "evt_1", _body())]
    again = await client.post(path, content=_body(), headers=GOOD)
    assert again.status_code == 200
    assert len(await _stored(run)) == 1


async def test_the_answer_is_exactly_what_the_provider_expects(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/webhook/alipay", content=_body(), headers=GOOD)
    assert answer.content == b"success"
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (_body(), {"X-Signature": "bad"}),
        (_body(), {}),
        (b"{not json", GOOD),
        (b"", {}),
        (b"\xff\xfe", GOOD),
    ],
)
async def test_what_is_not_genuine_is_refused_and_not_stored(
    client: httpx.AsyncClient, run: Runtime, body: bytes, headers: dict[str, str]
) -> None:
    answer = await client.post("/v1/webhook/stripe", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["reason"] == "malformed"
    assert await _stored(run) == []


@pytest.mark.parametrize("slug", ["nobody", "stripe-connect", "idenfy"])
async def test_an_address_without_a_secret_does_not_exist(
    client: httpx.AsyncClient, slug: str
) -> None:
    answer = await client.post(f"/v1/webhook/{slug}", content=_body(), headers=GOOD)
    assert (answer.status_code, answer.json()["reason"]) == (404, "not_found")


async def test_an_empty_secret_never_verifies(
    client: httpx.AsyncClient, providers: FakeProviders
) -> None:
    providers.sources.pop("stripe")
    answer = await client.post("/v1/webhook/stripe", content=_body(), headers=GOOD)
    assert answer.status_code == 404


async def test_a_genuine_one_without_meaning_is_acknowledged_and_forgotten(
    client: httpx.AsyncClient, run: Runtime
) -> None:
    body = _body(kind="irrelevant")
    answer = await client.post("/v1/webhook/stripe", content=body, headers=GOOD)
    assert answer.status_code == 200
    assert await _stored(run) == []


async def test_fifty_identical_notifications_at_once_are_one(
    own_run: Runtime, rest: object
) -> None:
    transport = httpx.ASGITransport(Guard(rest, own_run.settings))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as client:
        answers = await asyncio.gather(
            *(client.post("/v1/webhook/stripe", content=_body(), headers=GOOD) for _ in range(50))
        )
    assert {answer.status_code for answer in answers} == {200}
    assert len(await _stored(own_run)) == 1
    async with own_run.context(SYSTEM) as ctx:
        assert len((await ctx.db.scalars(select(OutboxItem))).all()) == 1
