"""Processes die at every step of a month, and each month ends once: one invoice, charge and mail."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import create_engine, text

from app import build
from tests.conftest import _has_postgres, admin_execute, postgres_url, require_or_skip
from tests.e2e import steps
from tests.running import Process, Product, board, product

EMAIL = "kills@acme.example.com"
MOMENTS = [
    "done:start",
    "done:open_months",
    "done:begin",
    "done:count_and_open",
    "asked:push_to_provider",
    "done:push_to_provider",
    "done:deliver",
    "done:collect",
    "done:share_revenue",
    "done:finish",
    "asked:charge",
    "asked-again:charge",  # the money is taken, and nobody here knows
    "done:charge",
    "done:handle",
]


class Shop:
    """A product whose worker is a process of its own, so that either can die alone."""

    def __init__(self, running: Product, folder: Path, database_url: str) -> None:
        self.running = running
        self.folder = folder
        self.engine = create_engine(database_url.replace("+aiosqlite", ""))
        self.worker = self.process(["-m", "app", "worker"])
        self.actor = ""
        self.months = 0

    def process(self, arguments: list[str], **extra: str) -> Process:
        environment = self.running.environment | {"WORKER_ID": "w1"} | extra
        return Process(arguments, environment, self.folder / "worker.log")

    def mortal(self, moment: str) -> Process:
        """A worker that dies at one moment of one step."""
        return self.process(["-m", "tests.faults.dying"], DIE_AT=moment)

    def statuses(self, table: str) -> list[str]:
        """Return every row's status."""
        with self.engine.connect() as connection:
            found = connection.execute(text(f"SELECT status FROM {table}"))
            return [str(status) for (status,) in found]

    def mail_attempts(self, name: str) -> list[int]:
        """Return how often each mail of a kind was begun to be sent."""
        query = text("SELECT attempts FROM outbox_item WHERE kind = 'mail' AND name = :name")
        with self.engine.connect() as connection:
            return [int(count) for (count,) in connection.execute(query, {"name": name})]

    def totals(self) -> dict[str, Any]:
        """Return what the simulated Stripe took from the one customer."""
        got = httpx.get(f"{self.running.world.sandbox_url}/_control/stripe/totals").json()
        (customer,) = got["customers"].values()
        return customer


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Shop]:
    folder = tmp_path_factory.mktemp("kills")
    build.ensure()
    name = f"turnpike_test_{uuid4().hex[:12]}"
    url = f"sqlite+aiosqlite:///{folder / 'kills.db'}"
    if request.param == "postgresql":
        require_or_skip(_has_postgres(), "PostgreSQL")
        admin_execute(f"CREATE DATABASE {name}")
        url = postgres_url(name)
    with product(folder, database_url=url, RUN_WORKER="false") as running:
        running.facts["platform"] = (
            running.command("keys", "platform-token").strip().splitlines()[-1]
        )
        one = Shop(running, folder, url)
        one.worker.start()
        one.actor = board(running, EMAIL, "K").actors[0]
        yield one
        one.worker.stop()
        one.engine.dispose()
    if request.param == "postgresql":
        admin_execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_worker_may_die_at_any_step_of_the_month(shop: Shop, moment: str) -> None:
    _use(shop)
    shop.worker.stop()
    mortal = shop.mortal(moment)
    mortal.start()
    assert asyncio.run(_move_while(shop, mortal)) == 200
    _check(shop)


def test_a_server_may_die_while_it_moves_the_clock(shop: Shop) -> None:
    _use(shop)
    goal = steps.next_month(shop.running)

    async def move_and_kill() -> None:
        async with httpx.AsyncClient(timeout=60) as http:
            moving = asyncio.create_task(_move(shop, http, goal))
            await asyncio.to_thread(_await_another_day, shop)
            assert not moving.done()
            await asyncio.to_thread(shop.running.server.kill)
            with pytest.raises(httpx.TransportError):
                await moving

    asyncio.run(move_and_kill())
    shop.running.server.start()
    shop.running.wait()
    assert steps.product_time(shop.running) < goal
    steps.move_clock(shop.running, goal)
    _check(shop)


def test_a_server_may_die_while_notifications_come_in(shop: Shop) -> None:
    """What was not acknowledged comes again; what was is there, and counts once."""
    _use(shop)
    prefix, taken = hashlib.sha256(os.urandom(8)).hexdigest()[:8], set[int]()

    async def deliver() -> None:
        async def one(number: int) -> None:
            try:
                await asyncio.to_thread(
                    steps.notify_of_nothing, shop.running, f"evt_{prefix}_{number}"
                )
            except httpx.TransportError:
                return
            taken.add(number)
            if len(taken) == 5:
                await asyncio.to_thread(shop.running.server.kill)

        await asyncio.gather(*(one(number) for number in range(40)))

    asyncio.run(deliver())
    assert 5 <= len(taken) < 40
    shop.running.server.start()
    shop.running.wait()
    with shop.engine.connect() as connection:
        stored = connection.execute(
            text("SELECT event_id FROM inbox_event WHERE event_id LIKE :like"),
            {"like": f"evt_{prefix}_%"},
        )
        names = {str(name) for (name,) in stored}
    assert {f"evt_{prefix}_{number}" for number in taken} <= names
    for number in (*reversed(range(40)), *range(40)):  # again, in another order, and twice
        steps.notify_of_nothing(shop.running, f"evt_{prefix}_{number}")
    with shop.engine.connect() as connection:
        count = connection.scalar(
            text("SELECT count(*) FROM inbox_event WHERE event_id LIKE :like"),
            {"like": f"evt_{prefix}_%"},
        )
    assert count == 40
    steps.move_clock(shop.running, steps.next_month(shop.running))
    _check(shop)


def _use(shop: Shop) -> None:
    """Use the device in the running month, so that it is billed."""
    kind = "authority.memory_read"
    steps.send_event(shop.running, f"e-{shop.months}", kind, actor_omni=shop.actor)


def _await_another_day(shop: Shop) -> None:
    today = steps.product_time(shop.running)[:10]
    while steps.product_time(shop.running)[:10] == today:
        time.sleep(0.02)


async def _move(shop: Shop, http: httpx.AsyncClient, to: str) -> int:
    headers = {"Authorization": f"Bearer {shop.running.facts['platform']}"}
    address = f"{shop.running.url}/v1/sandbox/clock"
    return (await http.post(address, json={"to": to}, headers=headers)).status_code


async def _move_while(shop: Shop, mortal: Process) -> int:
    """Move to the next month; when the worker is gone, start a new one under the same name."""
    async with httpx.AsyncClient(timeout=300) as http:
        moving = asyncio.create_task(_move(shop, http, steps.next_month(shop.running)))
        assert mortal.popen is not None
        for _ in range(1200):
            if mortal.popen.poll() is not None:
                break
            await asyncio.sleep(0.05)
        assert mortal.popen.poll() == -9, f"it did not die: {mortal.log.read_text()[-3000:]}"
        shop.worker = shop.process(["-m", "app", "worker"])
        shop.worker.start()
        return await moving


def _check(shop: Shop) -> None:
    """See one more month billed, charged and paid once, told by mail, and the books closed."""
    shop.months += 1
    expected = {
        "invoice": ["paid"] * shop.months,
        "payment": ["succeeded"] * shop.months,
        "billing_run": ["done"] * shop.months,
    }
    found: dict[str, list[str]] = {}
    subjects: list[str] = []
    for _ in range(200):  # the provider tells by itself that it was paid
        found = {table: shop.statuses(table) for table in expected}
        subjects = [mail["subject"] for mail in steps.mails(shop.running, EMAIL)]
        receipts = [subject for subject in subjects if "Payment received" in subject]
        if found == expected and len(set(receipts)) == shop.months:
            break
        time.sleep(0.1)
    assert found == expected
    invoices = [subject for subject in subjects if "Invoice TP-" in subject]
    receipts = [subject for subject in subjects if "Payment received" in subject]
    for name, mails in (("invoice", invoices), ("payment_received", receipts)):
        # A mail server cannot be asked: what was being sent at the kill is sent again, and only that.
        attempts = shop.mail_attempts(name)
        assert len(attempts) == len(set(mails)) == shop.months, subjects
        assert shop.months <= len(mails) <= sum(attempts), subjects
    assert len(shop.statuses("charge_attempt")) == shop.months
    assert shop.totals()["charged"] == 250 * shop.months
    assert "every entry sums to zero" in shop.running.command("doctor")
