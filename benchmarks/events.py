"""Events a second through ``POST /v1/events`` in batches of 100, beside PostgreSQL's bare insert.

Run with ``python -m benchmarks.events`` (``--quick`` for a look). The bare figure is the very table and
constraint, 8 connections, one prepared ``INSERT ... ON CONFLICT DO NOTHING`` a batch.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
from collections.abc import Awaitable, Callable
from uuid import uuid4

import psycopg

from benchmarks.rest import CONNECTIONS, Connection, Product, connections, product, rate, report

BATCH = 100
ACTOR = "d481ea87e00d361e87b847fe23f29859d678eb72e15b6f21464a9d2468de2624"
KIND = "authority.permission_check"
BARE = """
INSERT INTO usage_event (source_id, event_id, type, occurred_at, data, received_at)
SELECT %s, one.id, one.type, one.at, one.data, %s
FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::text[]) AS one (id, type, at, data)
ON CONFLICT DO NOTHING
"""


def sender(connection: Connection, token: str, at: str) -> Callable[[], Awaitable[int]]:
    """Return what sends the next batch of new events."""
    serial = 0
    prefix = uuid4().hex[:12]
    event = json.dumps(
        {"id": "#", "type": KIND, "time": at, "data": {"actor_omni": ACTOR}}, separators=(",", ":")
    )
    before, after = event.split("#")

    async def send() -> int:
        nonlocal serial
        serial += 1
        events = ",".join(f"{before}{prefix}-{serial}-{n:03d}{after}" for n in range(BATCH))
        status, answer = await connection.post(
            "/v1/events", token, f'{{"events":[{events}]}}'.encode()
        )
        if status != 200 or json.loads(answer) != {"inserted": BATCH, "duplicates": 0}:
            raise SystemExit(f"{status} {answer!r}")
        return BATCH

    return send


def inserter(connection: psycopg.AsyncConnection) -> Callable[[], Awaitable[int]]:
    """Return what inserts the next batch of new events without anything around it."""
    source, serial, now = uuid4(), 0, dt.datetime.now(dt.UTC)
    kinds, times, data = [KIND] * BATCH, [now] * BATCH, [f'{{"actor_omni":"{ACTOR}"}}'] * BATCH

    async def insert() -> int:
        nonlocal serial
        serial += 1
        ids = [f"{source.hex[:12]}-{serial}-{n:03d}" for n in range(BATCH)]
        await connection.execute(BARE, (source, now, ids, kinds, times, data), prepare=True)
        return BATCH

    return insert


async def measure(running: Product, seconds: float) -> tuple[float, float]:
    """Return events a second through the product and into the bare table."""
    at = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    async with connections(running.port) as opened:
        senders = [sender(one, running.platform_token, at) for one in opened]
        through = await rate(senders, seconds)
    bare = [
        await psycopg.AsyncConnection.connect(running.database, autocommit=True)
        for _ in range(CONNECTIONS)
    ]
    raw = await rate([inserter(one) for one in bare], seconds)
    for one in bare:
        await one.close()
    return through, raw


def main(*, quick: bool = False) -> None:
    """Measure and print."""
    with product() as running:
        through, raw = asyncio.run(measure(running, 1 if quick else 10))
    report("events, batches of 100", through, "bare insert", raw)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    main(quick=options.parse_args().quick)
