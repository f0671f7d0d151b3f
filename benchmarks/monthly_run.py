"""The monthly run for a small and a large number of vendors: cost a tenant, and whether it stays the same.

Run with ``python -m benchmarks.monthly_run``. A throw-away PostgreSQL database, one worker, no provider: counting,
opening, numbering, the ledger, the PDF and the mail of every vendor. The ratio is the large run's cost a tenant over
the small one's: 1.0 means that the cost a tenant does not grow.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import tempfile
import time
import uuid
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
"""Devices of each vendor, all active on 20 days: 100 events a vendor."""


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
               FROM device d, generate_series(1, 20) n""",
        ):
            names = {"early": AT - dt.timedelta(days=200), "tenants": tenants, "devices": DEVICES}
            used = {key: value for key, value in names.items() if f":{key}" in statement}
            await ctx.db.execute(text(statement), used)


async def bill(tenants: int) -> tuple[float, int]:
    """Return the seconds a run took, and how many invoices it opened."""
    name = f"turnpike_bench_{uuid.uuid4().hex[:10]}"
    with psycopg.connect(SERVER, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    url = SERVER.rsplit("/", 1)[0] + f"/{name}"
    try:
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings.model_validate(
                {"DATABASE_URL": url, "DATA_DIR": Path(folder), "PARALLEL_JOBS": 16}
            )
            await migrations.upgrade(settings.db_url)
            run = build(settings)
            run.clock = FixedClock(AT)
            await seed(run, tenants)
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
            await worker.settle()
            run.clock.advance(dt.timedelta(days=1))
            began = time.perf_counter()
            await worker.settle()
            took = time.perf_counter() - began
            async with run.as_system(readonly=True) as ctx:
                found = await ctx.db.execute(
                    text("SELECT count(*) FROM invoice WHERE number IS NOT NULL")
                )
                invoices = int(found.scalar_one())
            await worker.stop()
            await run.close()
            return took, invoices
    finally:
        with psycopg.connect(SERVER, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[call-overload]


class Quiet:
    """Takes every mail and sends none."""

    async def send(self, **mail: object) -> None:
        """Take it."""


def main(*, quick: bool = False) -> None:
    """Print the seconds of both runs and the ratio of their cost a tenant."""
    small, large = (10, 30) if quick else (100, 1_000)
    costs: list[float] = []
    for tenants in (small, large):
        seconds, invoices = asyncio.run(bill(tenants))
        if invoices != tenants:
            raise SystemExit(f"{invoices} invoices for {tenants} vendors")
        costs.append(seconds / tenants)
        print(
            f"monthly run of {tenants} vendors: {seconds:.1f} s, {1000 * costs[-1]:.1f} ms a vendor"
        )
    print(f"cost a vendor, {large} over {small} vendors: ratio {costs[1] / costs[0]:.2f}")


if __name__ == "__main__":
    main()
