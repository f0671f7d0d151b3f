"""Processes die at every step of a month, and each month ends once: one invoice, charge and mail."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import json
import os
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import create_engine, text

from app import build
from models.tenant import Rail
from tests.conftest import _has_postgres, admin_execute, postgres_url, require_or_skip
from tests.e2e import steps
from tests.running import Process, Product, board, product

EMAIL, ALIPAY_EMAIL = "kills@acme.example.com", "kills@orchard.example.com"
MONTHS = {
    "the run": [
        "done:start",
        "done:drain",
        "done:open_months",
        "done:begin",
        "done:count_and_open",
        "asked:push_to_provider",
        "done:push_to_provider",
        "done:deliver",
        "done:collect",
        "done:share_revenue",
        "asked:send",
        "done:send",
        "done:finish",
    ],
    "the charge": [
        "asked:charge",
        "asked-again:charge",  # the money is taken, and nobody here knows
        "done:charge",
    ],
    "the news": ["asked:handle", "done:handle"],
}
"""In each month a worker dies at every one of these moments, and the next one goes on from there."""
OF_PAYOUTS = {"done:share_revenue", "asked:send", "done:send"}
"""Those of them that only a vendor's month has."""

TOLD = {
    "invoice": "Invoice TP-",
    "payment_received": "Payment received",
    "payout_statement": "Revenue share for",
}
CROOKED = (
    "SELECT entry_id FROM ledger_posting GROUP BY entry_id, currency HAVING sum(amount_micros) <> 0",
    "SELECT a.id FROM ledger_account a LEFT JOIN ledger_posting p ON p.account_id = a.id"
    " GROUP BY a.id, a.balance_micros HAVING coalesce(sum(p.amount_micros), 0) <> a.balance_micros",
)


class Shop:
    """A product whose worker is a process of its own, so that either can die alone."""

    def __init__(self, running: Product, folder: Path, database_url: str) -> None:
        self.running = running
        self.folder = folder
        self.engine = create_engine(database_url.replace("+aiosqlite", ""))
        self.worker = self.process(["-m", "app", "worker"])
        self.actor = ""
        self.months = 0  # with an invoice of the card's vendor
        self.runs = 0
        self.payouts = 0

    def process(self, arguments: list[str], **extra: str) -> Process:
        environment = self.running.environment | {"WORKER_ID": "w1"} | extra
        return Process(arguments, environment, self.folder / "worker.log")

    def mortal(self, moments: list[str]) -> Process:
        """Workers that die at one moment after the other, and one that lives; with a log of their own."""
        log = self.folder / f"mortal-{uuid4().hex[:6]}.log"
        environment = self.running.environment | {"WORKER_ID": "w1", "DIE_AT": ",".join(moments)}
        return Process(["-m", "tests.faults.dying"], environment, log)

    def statuses(self, table: str) -> list[str]:
        """Return every row's status, of a table or of some of its rows."""
        with self.engine.connect() as connection:
            found = connection.execute(text(f"SELECT status FROM {table}"))
            return [str(status) for (status,) in found]

    def mail_attempts(self, name: str) -> list[int]:
        """Return how often each mail of a kind was begun to be sent."""
        query = text(
            "SELECT attempts FROM outbox_item"
            " WHERE kind = 'mail' AND name = :name AND recipient = :to"
        )
        with self.engine.connect() as connection:
            found = connection.execute(query, {"name": name, "to": EMAIL})
            return [int(count) for (count,) in found]

    def outside(self, method: str, path: str, **body: Any) -> Any:
        """Look at the simulated world, or do something to it, from behind the scenes."""
        address = f"{self.running.world.sandbox_url}/_control/{path}"
        answer = httpx.request(method, address, json=body or None)
        assert answer.is_success, answer.text
        return answer.json()

    def charged(self) -> int:
        """Return what the simulated Stripe took from the one customer."""
        (customer,) = self.outside("GET", "stripe/totals")["customers"].values()
        return int(customer["charged"])

    def crooked(self) -> int:
        """Count the entries that do not balance and the balances that are not their postings' sum."""
        with self.engine.connect() as connection:
            return sum(len(connection.execute(text(query)).all()) for query in CROOKED)


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
        one.actor = board(running, EMAIL, "K", with_payouts=True).actors[0]
        one.outside("POST", "stripe/balance", currency="usd", amount=1_000_000)
        yield one
        assert "every entry sums to zero" in running.command("doctor")
        one.worker.stop()
        one.engine.dispose()
    if request.param == "postgresql":
        admin_execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("what", MONTHS)
def test_workers_may_die_at_every_step_of_a_month(shop: Shop, what: str) -> None:
    _use(shop)
    if what == "the run":
        steps.send_event(
            shop.running,
            f"pro-{shop.months}",
            "pro.paid",
            subscription_ref="sub_kills",
            user_omni=hashlib.sha256(b"K-user-1").hexdigest(),
            amount="100.00",
            currency="USD",
        )
        shop.payouts += 1
    shop.worker.stop()
    assert asyncio.run(_move_through(shop, MONTHS[what])) == 200
    _check(shop)


def test_a_worker_may_die_while_it_handles_an_alipay_payment(shop: Shop) -> None:
    line = board(shop.running, ALIPAY_EMAIL, "O", rail=Rail.INVOICE)
    kind = "authority.memory_read"
    steps.send_event(shop.running, "alipay-1", kind, actor_omni=line.actors[0])
    steps.move_clock(shop.running, steps.next_month(shop.running))
    shop.runs += 1
    shop.worker.stop()
    shop.worker = shop.mortal(["done:handle"])
    shop.worker.start()
    steps.pay_by_link(shop.running, ALIPAY_EMAIL)
    asyncio.run(_died(shop.worker, "done:handle"))
    _await(lambda: shop.statuses("invoice WHERE rail = 'invoice'") == ["paid"])
    told = [
        one for one in shop.outside("GET", "deliveries") if "alipay" in json.dumps(one["channel"])
    ]
    for one in [*told, *reversed(told)]:
        shop.outside("POST", f"deliveries/{one['id']}/redeliver")
    shop.outside("GET", "idle")
    _await(lambda: not set(shop.statuses("inbox_event")) & {"received", "failed"})
    with shop.engine.connect() as connection:
        took = connection.execute(
            text("SELECT amount_micros FROM payment WHERE provider = 'alipay' ORDER BY 1")
        )
        assert [micros for (micros,) in took] == [10_000, 17_500_000]
    assert shop.crooked() == 0


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
    """What was not acknowledged comes again; what was is there, and counts once, in any order."""
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
    # Then a month told too late: we asked before, and all of it comes twice and in any order.
    shop.outside("POST", "deliveries/duplicates", on=True)
    shop.outside("POST", "deliveries/hold")
    steps.move_clock(shop.running, steps.next_month(shop.running))
    _await(lambda: shop.charged() == 250 * (shop.months + 1))
    assert shop.outside("POST", "deliveries/release", order="shuffle")["released"]
    shop.outside("GET", "idle")
    shop.outside("POST", "deliveries/duplicates", on=False)
    _check(shop)


@pytest.mark.parametrize("what", ["the run", "the charge"])
def test_workers_may_die_at_every_step_of_an_agents_month(shop: Shop, what: str) -> None:
    """Of five hundred calls one invoice of half a dollar, charged once; last, for it adds a customer."""
    tenant_id = _paying_agent(shop)
    _call(shop, tenant_id, 500)
    shop.worker.stop()
    moments = [one for one in MONTHS[what] if one not in OF_PAYOUTS]
    assert asyncio.run(_move_through(shop, moments)) == 200
    mine = f"replace(CAST(tenant_id AS text), '-', '') = '{tenant_id.replace('-', '')}'"
    _await(
        lambda: shop.statuses(f"invoice WHERE {mine}") == ["paid"],
        lambda: shop.statuses(f"billing_period WHERE {mine}"),
    )
    assert shop.statuses(f"payment WHERE {mine}") == ["succeeded"]
    assert shop.statuses(f"billing_period WHERE {mine}") == ["done"]
    with shop.engine.connect() as connection:
        total, customer = connection.execute(
            text(
                "SELECT total_micros, customer_ref FROM invoice JOIN payment_method USING (tenant_id)"
                f" WHERE {mine}"
            )
        ).one()
    assert total == 500_000
    assert shop.outside("GET", "stripe/totals")["customers"][customer]["charged"] == 50
    assert shop.crooked() == 0


def _paying_agent(shop: Shop) -> str:
    """Onboard an agent, store a card for it, and return its tenant's id once it pays by the call."""
    who = {"agent_id": "kills", "email": f"{uuid4().hex[:8]}@agents.example.com"}
    with httpx.Client(base_url=shop.running.url, timeout=60, follow_redirects=True) as http:
        made = http.post("/api/onboard/leadscoring", json=who).json()
        mine = {"tenant_uuid": made["tenant_uuid"]}
        headers = {"X-API-Key": made["api_key"]}
        page = http.get(
            http.post("/api/upgrade/checkout", json=mine, headers=headers).json()["checkout_url"]
        )
        http.post(page.url, data={"action": "pay", "card": "visa"}, follow_redirects=False)
        _await(lambda: http.get("/api/usage", headers=headers).json()["tier"] == "paid")
    return str(made["tenant_uuid"])


def _call(shop: Shop, tenant_id: str, count: int) -> None:
    """Have a runtime tell of billable calls of the running month."""
    token = shop.running.command("keys", "kernel-token").strip().splitlines()[-1]
    at = dt.datetime.fromisoformat(steps.product_time(shop.running)) + dt.timedelta(seconds=1)
    events = [
        {
            "event_id": f"evt_{uuid4().hex}",
            "schema_version": 1,
            "ts": int(at.timestamp() * 1000),
            "tenant_id": tenant_id,
            "integration": "runtime",
            "pack": "leadscoring",
            "action": "domain.leadscoring.leads.create",
            "actor": {"type": "api_key", "id": "agk_kill"},
            "request_hash": "0" * 64,
            "status": "success",
            "billable": True,
            "billing_unit": "call",
        }
        for _ in range(count)
    ]
    for start in range(0, count, 100):
        told = httpx.post(
            f"{shop.running.url}/functions/v1/audit-ingest",
            json=events[start : start + 100],
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )
        assert told.status_code == 202, told.text


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


async def _move_through(shop: Shop, moments: list[str]) -> int:
    """Move to the next month while one worker after the other dies, under one name; then one stays."""
    shop.worker = shop.mortal(moments)
    shop.worker.start()
    async with httpx.AsyncClient(timeout=300) as http:
        moving = asyncio.create_task(_move(shop, http, steps.next_month(shop.running)))
        for moment in moments:
            await _died(shop.worker, moment)
        return await moving


async def _died(mortal: Process, moment: str) -> None:
    """Wait until a worker died at a moment."""
    log = mortal.log
    for _ in range(1200):
        if f"died at {moment}\n" in log.read_text():
            return
        assert mortal.popen is not None
        assert mortal.popen.poll() is None, log.read_text()[-3000:]
        await asyncio.sleep(0.05)
    raise AssertionError(f"it did not die at {moment}: {log.read_text()[-3000:]}")


def _await(is_true: Callable[[], bool], said: Callable[[], object] = str) -> None:
    for _ in range(300):
        if is_true():
            return
        time.sleep(0.1)
    assert is_true(), said()


def _check(shop: Shop) -> None:
    """See one more month billed, charged and paid once, told by mail, and the books closed."""
    shop.months += 1
    shop.runs += 1
    expected = {
        "invoice WHERE rail = 'card'": ["paid"] * shop.months,
        "payment WHERE provider = 'stripe'": ["succeeded"] * shop.months,
        "charge_attempt": ["succeeded"] * shop.months,
        "billing_run": ["done"] * shop.runs,
        "payout WHERE amount_micros > 0": ["paid"] * shop.payouts,
    }
    found: dict[str, list[str]] = {}
    mails: dict[str, list[str]] = {}

    def is_told() -> bool:  # the provider tells by itself that it was paid
        nonlocal found, mails
        found = {table: shop.statuses(table) for table in expected}
        subjects = [mail["subject"] for mail in steps.mails(shop.running, EMAIL)]
        mails = {
            name: [subject for subject in subjects if words in subject]
            for name, words in TOLD.items()
        }
        return found == expected and len(set(mails["payment_received"])) == shop.months

    _await(is_told, lambda: f"{found} {mails}")
    counts = {"payout_statement": shop.payouts}
    for name, those in mails.items():
        # A mail server cannot be asked: what was being sent at the kill is sent again, and only that.
        attempts, count = shop.mail_attempts(name), counts.get(name, shop.months)
        assert len(attempts) == len(set(those)) == count, those
        assert count <= len(those) <= sum(attempts), those
    assert shop.charged() == 250 * shop.months
    assert [one["amount"] for one in shop.outside("GET", "objects/transfer")] == [
        3000
    ] * shop.payouts
    assert shop.crooked() == 0
