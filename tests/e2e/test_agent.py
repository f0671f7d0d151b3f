"""The journey of an agent that has never heard of the product: from finding it to the paid invoice."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e import steps
from tests.running import Product

EMAIL = "scout-owner@example.com"
EXPORT = {"action": "domain.leadscoring.leads.export"}


@pytest.fixture
def http(shop: Product) -> Generator[httpx.Client]:
    with httpx.Client(base_url=shop.url, timeout=60) as client:
        yield client


def await_answer(http: httpx.Client, key: str, status: int) -> httpx.Response:
    """Call until the gateway answers with a status."""
    for _ in range(100):
        answer = call(http, key)
        if answer.status_code == status:
            return answer
        time.sleep(0.1)
    raise AssertionError(answer.text)


def call(http: httpx.Client, key: str) -> httpx.Response:
    """Make one billable call, as patient as the server asks for."""
    return patiently(lambda: http.post("/api/manage", json=EXPORT, headers={"X-API-Key": key}))


def patiently(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """Ask again when the server says that it was too often."""
    while True:
        answer = ask()
        if answer.status_code != 429:
            return answer
        time.sleep(int(answer.headers["Retry-After"]))


def test_from_finding_it_to_the_paid_invoice(http: httpx.Client, tab: Page, shop: Product) -> None:
    found: dict[str, Any] = http.get("/.well-known/agent-onboarding.json").json()
    assert found["onboarding"]["url"] in http.get("/llms.txt").text
    made = http.post(found["onboarding"]["url"], json={"agent_id": "scout", "email": EMAIL}).json()
    key = made["api_key"]
    answers = [call(http, key) for _ in range(100)]
    assert {one.status_code for one in answers} == {200}
    assert ["warning" in one.json() for one in answers] == [False] * 89 + [True] * 11
    stopped = call(http, key)
    assert (stopped.status_code, stopped.json()["code"]) == (402, "UPGRADE_REQUIRED")

    tab.goto(stopped.json()["upgrade_url"])
    expect(tab.get_by_text("100 of 100 free calls")).to_be_visible()
    tab.get_by_role("button", name="Store a card").click()
    tab.get_by_test_id("pay").click()
    await_answer(http, key, 200)
    tab.goto(stopped.json()["upgrade_url"])
    expect(tab.get_by_text("Upgraded")).to_be_visible()
    with ThreadPoolExecutor(4) as many:
        rest = list(many.map(lambda _: call(http, key).status_code, range(499)))
    assert set(rest) == {200}
    steps.await_mail(shop, EMAIL, "pays by the call")

    period = steps.product_time(shop)[:7]
    query = {"tenant_uuid": made["tenant_uuid"], "period": period}
    headers = {"X-API-Key": key}

    def bill() -> Any:
        address = "/api/billing/invoice"
        return patiently(lambda: http.get(address, params=query, headers=headers)).json()

    month = bill()
    assert (month["usage"]["successful"], month["charges"]["calls"]) == (600, 500)
    steps.move_clock(shop, steps.next_month(shop))
    for _ in range(100):
        month = bill()
        if month["status"] == "paid":
            break
        time.sleep(0.2)
    assert (month["status"], month["charges"]["total"]) == ("paid", "0.50")
    mail = steps.await_mail(shop, EMAIL, "Invoice TP-")
    assert "0.50" in mail["text"]
