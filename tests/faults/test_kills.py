"""A worker dies in the middle of a month, and the month ends once: one invoice, one charge, one mail."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import build, runtime
from app.demo.seed import Line, Seeder
from app.providers.registry import build_providers
from app.settings import Settings
from models.tenant import Rail
from tests.e2e import steps
from tests.running import Process, Product, product

EMAIL = "kills@acme.example.com"
MOMENTS = ["done:begin", "done:count_and_open"]


class Shop:
    """A product whose worker is a process of its own, so that it can die alone."""

    def __init__(self, running: Product, folder: Path) -> None:
        self.running = running
        self.folder = folder
        self.worker = self._process(["-m", "app", "worker"])
        self.actor = ""
        self.months = 0

    def _process(self, arguments: list[str], **extra: str) -> Process:
        environment = self.running.environment | {"WORKER_ID": "w1"} | extra
        return Process(arguments, environment, self.folder / "worker.log")

    def mortal(self, moment: str) -> Process:
        """A worker that dies at one moment of one step."""
        return self._process(["-m", "tests.faults.dying"], DIE_AT=moment)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Generator[Shop]:
    folder = tmp_path_factory.mktemp("kills")
    build.ensure()
    with product(folder, RUN_WORKER="false") as running:
        running.facts["platform"] = (
            running.command("keys", "platform-token").strip().splitlines()[-1]
        )
        one = Shop(running, folder)
        one.worker.start()
        one.actor = asyncio.run(_vendor(running))
        yield one
        one.worker.stop()


async def _vendor(running: Product) -> str:
    """Board a card vendor with one device, the way the demo does it; returns the device's actor."""
    os.environ.update(running.environment)
    process = runtime.build(Settings())
    process.providers = build_providers()
    seeder = Seeder(process, running.world)
    made = await seeder._vendor(EMAIL, "Acme Toys", "a long enough passphrase", Rail.CARD)
    line = Line(made["token"], "K", 1)
    await seeder._register(line, 1)
    await seeder.http.aclose()
    await process.close()
    return line.actors[0]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_worker_may_die_at_any_step_of_the_month(shop: Shop, moment: str) -> None:
    shop.worker.stop()
    steps.send_event(shop.running, f"e-{moment}", "authority.memory_read", actor_omni=shop.actor)
    mortal = shop.mortal(moment)
    mortal.start()
    move = asyncio.run(_move_while(shop, mortal))
    assert move == 200
    shop.months += 1
    _check(shop)


async def _move_while(shop: Shop, mortal: Process) -> int:
    """Move to the next month; when the worker is gone, start a new one under the same name."""
    headers = {"Authorization": f"Bearer {shop.running.facts['platform']}"}
    async with httpx.AsyncClient(timeout=300) as http:
        moving = asyncio.create_task(
            http.post(
                f"{shop.running.url}/v1/sandbox/clock",
                json={"to": steps.next_month(shop.running)},
                headers=headers,
            )
        )
        assert mortal.popen is not None
        for _ in range(900):
            if mortal.popen.poll() is not None or moving.done():
                break
            await asyncio.sleep(0.1)
        assert mortal.popen.poll() == -9, f"it did not die: {mortal.log.read_text()[-3000:]}"
        shop.worker = shop._process(["-m", "app", "worker"])
        shop.worker.start()
        return (await moving).status_code


def _check(shop: Shop) -> None:
    running = shop.running
    mails = steps.mails(running, EMAIL)
    invoices = [mail["subject"] for mail in mails if "Invoice TP-" in mail["subject"]]
    assert len(invoices) == len(set(invoices)) == shop.months, invoices
    totals: dict[str, Any] = httpx.get(f"{running.world.sandbox_url}/_control/stripe/totals").json()
    (customer,) = totals["customers"].values()
    assert customer["charged"] == 250 * shop.months, totals
    assert "every entry sums to zero" in running.command("doctor")
