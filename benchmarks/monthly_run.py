"""The monthly run for a small and a large number of vendors: cost a vendor, and whether it stays the same.

Run with ``python -m benchmarks.monthly_run`` (``--quick`` for a look). A throw-away PostgreSQL database, one worker,
vendors that pay by invoice, 100 events a vendor. The run is over when every month is counted, opened, numbered and in
the books; then the documents are drawn and mailed, to nobody. The ratio is the large run's cost a vendor over the small
one's: 1.0 means that it does not grow.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import os
import tempfile
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import text

from app import migrations
from app.core.clock import FixedClock
from app.jobs.worker import Worker
from app.runtime import Runtime, build
from app.settings import Settings

SERVER = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
PERIOD = "2026-11"
AT = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
DEVICES = 5
DAYS = 20
"""Devices of each vendor, and the days on which each of them had an event."""


async def seed(run: Runtime, tenants: int) -> None:
    """Fill in vendors with devices and days, by plain statements."""
    async with run.as_system() as ctx:
        for statement in (
            """INSERT INTO tenant (id, programme, status, status_reason, display_name, legal_name, email, locale,
                 country, address, tax_id, tax_rate, is_reverse_charge, rail, currency, namespaces_allowed, policy,
                 notes, created_at, activated_at)
               SELECT gen_random_uuid(), 'vendor', 'active', '', 'Vendor ' || n, 'Vendor ' || n, 'v' || n || '@example.com',
                 'en', 'US', '', '', '0', false, 'invoice', 'CNY', '[]', '{}', '', :early, :early
               FROM generate_series(1, :tenants) n""",
            """INSERT INTO price_contract (id, tenant_id, price_micros, currency, starts_on, announced_at, reason, created_by)
               SELECT gen_random_uuid(), id, 17500000, 'CNY', date '2026-01-01', :early, '', '' FROM tenant""",
            """INSERT INTO device (id, tenant_id, device_id, user_omni, actor_omni, generation, registered_at, last_active_at)
               SELECT gen_random_uuid(), t.id, 'SN-' || n, md5(t.id::text || n) || md5(n::text),
                 md5(n || t.id::text) || md5('a' || t.id || n), 0, :early, :early
               FROM tenant t, generate_series(1, :devices) n""",
            """INSERT INTO device_day (device_pk, day, tenant_id, events, first_at, last_at)
               SELECT d.id, date '2026-11-05' + n, d.tenant_id, 1, :early, :early
               FROM device d, generate_series(1, :days) n""",
        ):
            names = {
                "early": AT - dt.timedelta(days=29),
                "tenants": tenants,
                "devices": DEVICES,
                "days": DAYS,
            }
            used = {key: value for key, value in names.items() if f":{key}" in statement}
            await ctx.db.execute(text(statement), used)


@dataclass(frozen=True)
class Took:
    """Seconds until every invoice was open, and until every document had left."""

    opened: float
    delivered: float


@asynccontextmanager
async def running(at: dt.datetime) -> AsyncGenerator[tuple[Runtime, Worker]]:
    """Give a runtime and a worker on a throw-away database, at an instant."""
    name = f"turnpike_bench_{uuid.uuid4().hex[:10]}"
    with psycopg.connect(SERVER, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    url = SERVER.rsplit("/", 1)[0] + f"/{name}"
    try:
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings.model_validate({"DATABASE_URL": url, "DATA_DIR": Path(folder)})
            await migrations.upgrade(settings.db_url)
            run = build(settings)
            run.clock = FixedClock(at)
            worker = Worker(
                worker_id="bench",
                queue_url=settings.queue_url,
                open_context=run.as_system,
                mailer=Quiet(),
                refresh_clock=run.refresh_clock,
                now=run.clock.now,
                parallel=settings.parallel_jobs,
            )
            worker.engine.launch()
            yield run, worker
            await worker.stop()
            await run.close()
    finally:
        with psycopg.connect(SERVER, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[call-overload]


async def bill(tenants: int) -> Took:
    """Bill one month and say how long it took."""
    async with running(AT) as (run, worker):
        await seed(run, tenants)
        await worker.settle()
        run.clock.advance(dt.timedelta(days=1))  # type: ignore[attr-defined]
        return await measure(run, worker, tenants)


async def measure(run: Runtime, worker: Worker, tenants: int) -> Took:
    """Work until nothing is left to do; notice when the run was over."""
    began = time.perf_counter()
    settling = asyncio.create_task(worker.settle())
    opened = 0.0
    while not settling.done():
        await asyncio.wait({settling}, timeout=0.2)
        if not opened and await count(run, "billing_run", "status = 'done'"):
            opened = time.perf_counter() - began
    await settling
    for what, found in (
        ("invoices", await count(run, "invoice", "number IS NOT NULL")),
        ("documents", await count(run, "stored_file", "true")),
        ("mails", await count(run, "outbox_item", "kind = 'mail' AND status = 'sent'")),
    ):
        if found != tenants:
            raise SystemExit(f"{found} {what} for {tenants} vendors")
    return Took(opened, time.perf_counter() - began)


async def count(run: Runtime, table: str, condition: str) -> int:
    """Return how many rows of a table there are."""
    async with run.as_system(readonly=True) as ctx:
        query = text(f"SELECT count(*) FROM {table} WHERE {condition}")
        return int((await ctx.db.execute(query)).scalar_one())


class Quiet:
    """Takes every mail and sends none."""

    async def send(self, **mail: object) -> None:
        """Take it."""


def main(*, quick: bool = False) -> None:
    """Print the seconds of both runs and the ratio of their cost a vendor."""
    small, large = (20, 100) if quick else (1_000, 10_000)
    took = {tenants: asyncio.run(bill(tenants)) for tenants in (small, large)}
    for tenants, one in took.items():
        print(
            f"monthly run of {tenants:,} vendors, {tenants * DEVICES * DAYS:,} events: "
            f"opened in {one.opened:.1f} s, {1000 * one.opened / tenants:.1f} ms a vendor; "
            f"drawn and mailed after {one.delivered:.1f} s, {1000 * one.delivered / tenants:.1f} ms"
        )
    for what in ("opened", "delivered"):
        cost = {tenants: getattr(one, what) / tenants for tenants, one in took.items()}
        print(
            f"{what}, cost a vendor, {large:,} over {small:,}: ratio {cost[large] / cost[small]:.2f}"
        )


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    main(quick=options.parse_args().quick)
