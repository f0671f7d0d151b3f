"""Metrics are for whoever holds their token, and say what the database says."""

from __future__ import annotations

import httpx
import pytest
from pydantic import SecretStr

from app.runtime import Runtime
from app.services import books
from app.services.context import SYSTEM
from tests.factories import make_vendor


@pytest.fixture
def token(run: Runtime) -> dict[str, str]:
    run.settings.metrics_token = SecretStr("metrics-token")
    return {"Authorization": "Bearer metrics-token"}


async def test_without_a_token_set_there_are_no_metrics(client: httpx.AsyncClient) -> None:
    answer = await client.get("/metrics", headers={"Authorization": "Bearer "})
    assert answer.status_code == 404


@pytest.mark.parametrize("value", ["Bearer wrong", "Basic metrics-token", ""])
async def test_strangers_see_no_metrics(
    client: httpx.AsyncClient, token: dict[str, str], value: str
) -> None:
    answer = await client.get("/metrics", headers={"Authorization": value})
    assert answer.status_code == 401


async def test_metrics_count_tenants_requests_and_ledger_problems(
    run: Runtime, client: httpx.AsyncClient, token: dict[str, str]
) -> None:
    async with run.context(SYSTEM) as ctx:
        await make_vendor(ctx)
    unknown = (await client.get("/metrics", headers=token)).text
    assert "turnpike_ledger_problems NaN" in unknown
    assert "turnpike_ledger_checked_timestamp_seconds 0.0" in unknown
    async with run.context(SYSTEM) as ctx:
        await books.check(ctx)
        checked = ctx.now().timestamp()
    await client.get("/healthz")
    text = (await client.get("/metrics", headers=token)).text
    assert 'turnpike_tenants{status="active"} 1.0' in text
    assert "turnpike_ledger_problems 0.0" in text
    assert (
        float(text.split("\nturnpike_ledger_checked_timestamp_seconds ")[1].split()[0]) == checked
    )
    assert 'turnpike_requests_total{method="GET",route="/healthz",status="200"}' in text
    assert "turnpike_inbox_lag_seconds 0.0" in text
