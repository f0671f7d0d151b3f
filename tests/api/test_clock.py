"""The clock's endpoint: who may move it, and where it cannot go."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from app.runtime import Runtime
from app.services import credentials


async def _post(client: httpx.AsyncClient, run: Runtime, body: dict[str, Any]) -> httpx.Response:
    async with run.as_system() as ctx:
        token = (await credentials.issue_platform_token(ctx, "Broker")).secret
    headers = {"Authorization": f"Bearer {token}"}
    return await client.post("/v1/sandbox/clock", json=body, headers=headers)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"advance": "P1D", "to": "2026-12-01T00:00:00Z"},
        {"advance": "P"},
        {"advance": "P\u0661D"},
        {"advance": "P1M"},
        {"to": "0001-01-01T00:00:00+14:00"},
        {"to": "9999-12-31T23:59:59-14:00"},
        {"to": "2026-12-01T00:00:00"},
        {"to": 1796083200},
        {"to": "1796083200"},
    ],
)
async def test_there_is_no_such_time(
    client: httpx.AsyncClient, run: Runtime, body: dict[str, Any]
) -> None:
    answer = await _post(client, run, body)
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_input"), answer.text


async def test_the_clock_never_goes_back(client: httpx.AsyncClient, run: Runtime) -> None:
    answer = await _post(client, run, {"to": "2026-11-01T00:00:00Z"})
    assert answer.status_code in (409, 422), answer.text


async def test_real_time_is_moved_by_nobody(client: httpx.AsyncClient, run: Runtime) -> None:
    run.settings.mode = "production"
    answer = await _post(client, run, {"advance": "P1D"})
    assert (answer.status_code, answer.json()["reason"]) == (404, "not_found")


async def test_a_stranger_moves_nothing(client: httpx.AsyncClient) -> None:
    for headers, refused in (
        ({}, 401),
        ({"Authorization": "Bearer plt_forged"}, 401),
        ({"Cookie": "turnpike_session=x", "Origin": "https://elsewhere.test"}, 403),
        ({"Cookie": "turnpike_session=x", "Origin": "http://portal.test"}, 401),
    ):
        answer = await client.post("/v1/sandbox/clock", json={"advance": "P1D"}, headers=headers)
        assert answer.status_code == refused, headers
