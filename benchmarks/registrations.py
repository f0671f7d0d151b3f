"""Device registrations a second, first and repeated, beside PostgreSQL's bare insert and look-up.

Run with ``python -m benchmarks.registrations`` (``--quick`` for a look).
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable
from uuid import uuid4

import psycopg

from benchmarks.rest import CONNECTIONS, Connection, Product, connections, product, rate, report

USER = "0a188e1224778f63d90df21a32f5a7f36f71cf73b942eed32723a90a7fea2151"
PATH = "/v1/vendor/devices/register"
LOOK_UP = """
SELECT device.*, receipt FROM device JOIN device_binding ON device_pk = device.id
WHERE device_id = %s AND user_omni = %s
"""
INSERT = """
INSERT INTO device (id, tenant_id, device_id, user_omni, actor_omni, generation, registered_at)
SELECT %s, id, %s, %s, %s, 0, now() FROM tenant ON CONFLICT DO NOTHING
"""

Work = Callable[[], Awaitable[int]]


def registrar(connection: Connection, token: str, *, repeated: bool) -> Work:
    """Return what registers the next device, or the same one again."""
    serial = 0
    prefix = uuid4().hex[:12]
    wanted = 200 if repeated else 201

    async def register() -> int:
        nonlocal serial
        serial += 1
        device_id = "SN-0001" if repeated else f"{prefix}-{serial}"
        body = f'{{"device_id":"{device_id}","user_omni":"{USER}"}}'.encode()
        status, answer = await connection.post(PATH, token, body)
        if status != wanted or "actor_omni" not in json.loads(answer):
            raise SystemExit(f"{status} {answer!r}")
        return 1

    return register


def bare_insert(connection: psycopg.AsyncConnection) -> Work:
    """Return what inserts the next device row and nothing else."""

    async def insert() -> int:
        id_ = uuid4()
        params = (id_, str(id_), USER, id_.hex * 2)
        await connection.execute(INSERT, params, prepare=True)
        return 1

    return insert


def bare_look_up(connection: psycopg.AsyncConnection) -> Work:
    """Return what reads one device with its receipt."""

    async def look_up() -> int:
        cursor = await connection.execute(LOOK_UP, ("SN-0001", USER), prepare=True)
        return len(await cursor.fetchall())

    return look_up


async def measure(running: Product, seconds: float) -> list[tuple[str, float, str, float]]:
    """Return (what, figure, beside, raw figure) of first and repeated registrations."""
    async with connections(running.port) as opened:
        token = running.vendor_token
        body = f'{{"device_id":"SN-0001","user_omni":"{USER}"}}'.encode()
        await opened[0].post(PATH, token, body)
        again = await rate([registrar(one, token, repeated=True) for one in opened], seconds)
        first = await rate([registrar(one, token, repeated=False) for one in opened], seconds)
    bare = [
        await psycopg.AsyncConnection.connect(running.database, autocommit=True)
        for _ in range(CONNECTIONS)
    ]
    reads = await rate([bare_look_up(one) for one in bare], seconds)
    writes = await rate([bare_insert(one) for one in bare], seconds)
    for one in bare:
        await one.close()
    return [
        ("first registrations", first, "bare insert ", writes),
        ("repeated registrations", again, "bare look-up", reads),
    ]


def main(*, quick: bool = False) -> None:
    """Measure and print."""
    with product() as running:
        for line in asyncio.run(measure(running, 1 if quick else 10)):
            report(*line)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    main(quick=options.parse_args().quick)
