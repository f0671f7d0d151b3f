"""Gateway calls a second with their audit row durable before the answer, beside ``/healthz`` and a bare insert.

Run with ``python -m benchmarks.gateway`` (``--quick`` for a look). Eight agents that pay by the call, a connection each; the
action does nothing, so that what is measured is the gateway: the key, the limit, the audit row, the commit. The limit's own
cost is the same action without being billable.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import psycopg

from app.rules.gateway import Result, Scope, Unit
from app.services.actions import Params, action
from app.services.context import Context
from benchmarks import rest
from benchmarks.rest import CONNECTIONS, Connection, Product, connections, product, rate, report

Work = Callable[[], Awaitable[int]]
BARE = """
INSERT INTO agent_call (id, at, tenant_id, action, pack, status, is_billable, is_charged, unit, actor_type, actor_id,
  request_id, request_hash, idempotency_key, is_dry_run, is_replay, error_code, error, ip, latency_ms, result_meta)
VALUES (%s, %s, %s, 'bench.billable', 'bench', 'success', true, true, 'call', 'api_key', 'bare', 'bare', %s, '', false, false, '', '',
  '127.0.0.1', 1, '{}')
"""


def application() -> Any:
    """Return the REST surface with two actions that do nothing, one of them billable."""

    async def idle(ctx: Context, params: Params) -> Result:  # noqa: ARG001 - every action takes both
        return Result({})

    action("bench.billable", Scope.READ, billable=True, unit=Unit.CALL)(idle)
    action("bench.free", Scope.READ, billable=False)(idle)
    return rest.application()


def caller(connection: Connection, key: str, name: str, took: list[float]) -> Work:
    """Return what does an action once and notes how long its answer took."""
    body = f'{{"action":"{name}"}}'.encode()

    async def call() -> int:
        began = time.perf_counter()
        status, answer = await connection.post("/api/manage", key, body)
        took.append(time.perf_counter() - began)
        if status != 200:
            raise SystemExit(f"{status} {answer!r}")
        return 1

    return call


def prober(connection: Connection) -> Work:
    """Return what asks whether the server lives."""

    async def probe() -> int:
        status, _ = await connection.get("/healthz")
        return 1 if status == 200 else 0

    return probe


def inserter(connection: psycopg.AsyncConnection, tenant_id: object) -> Work:
    """Return what inserts one audit row and nothing else."""

    async def insert() -> int:
        row = (uuid4(), dt.datetime.now(dt.UTC), tenant_id, "0" * 64)
        await connection.execute(BARE, row, prepare=True)
        return 1

    return insert


async def measure(running: Product, seconds: float) -> None:
    """Print calls a second, their latency and what the limit costs."""
    took: list[float] = []
    async with connections(running.port) as opened:
        pairs = list(zip(opened, running.api_keys, strict=True))
        alive = await rate([prober(one) for one in opened], seconds)
        free = await rate([caller(*pair, "bench.free", []) for pair in pairs], seconds)
        billable = await rate([caller(*pair, "bench.billable", took) for pair in pairs], seconds)
        one_key = running.api_keys[0]
        alone = await rate([caller(one, one_key, "bench.billable", []) for one in opened], seconds)
    bare = [
        await psycopg.AsyncConnection.connect(running.database, autocommit=True)
        for _ in range(CONNECTIONS)
    ]
    rows = await bare[0].execute("SELECT tenant_id FROM agent LIMIT 1")
    [(tenant_id,)] = await rows.fetchall()
    raw = await rate([inserter(one, tenant_id) for one in bare], seconds)
    for one in bare:
        await one.close()
    took.sort()
    report("gateway calls", billable, "bare insert ", raw)
    report("gateway calls", billable, "/healthz    ", alive)
    report("gateway calls of one agent", alone, "of eight    ", billable)
    report("the same without the limit", free, "with it     ", billable)
    print(
        f"a call's answer after {1000 * took[len(took) // 2]:.1f} ms in the middle, "
        f"{1000 * took[len(took) * 99 // 100]:.1f} ms in 99 of 100"
    )


def main(*, quick: bool = False) -> None:
    """Measure and print."""
    with product("benchmarks.gateway:application") as running:
        asyncio.run(measure(running, 1 if quick else 10))


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    main(quick=options.parse_args().quick)
