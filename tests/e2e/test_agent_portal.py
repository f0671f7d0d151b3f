"""The human behind an agent: in by mail, through usage, keys, console and invoice, and out again."""

from __future__ import annotations

import time
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from tests.e2e import steps
from tests.e2e.conftest import AgentAccount
from tests.running import Product

EXPORT = {"action": "domain.leadscoring.leads.export"}


def call(shop: Product, key: str, status: int = 200) -> Any:
    """Call until the gateway answers with a status."""
    for _ in range(50):
        answer = httpx.post(
            f"{shop.url}/api/manage", json=EXPORT, headers={"X-API-Key": key}, timeout=60
        )
        if answer.status_code == status:
            return answer.json()
        time.sleep(0.2)
    raise AssertionError(answer.text)


def test_a_humans_day_with_an_agent(tab: Page, shop: Product, agent_account: AgentAccount) -> None:
    tab.goto("/agent/keys")
    tab.wait_for_url("**/agent/login?next=%2Fagent%2Fkeys")
    steps.enter_as_agent(tab, shop, agent_account.email)

    tab.goto("/agent/keys")
    tab.get_by_role("button", name="Create key").first.click()
    dialog = tab.get_by_role("dialog", name="Create key")
    dialog.get_by_label("Label").fill("Laptop")
    dialog.get_by_role("button", name="Create key").click()
    shown = tab.get_by_role("dialog", name="Your new key")
    key = shown.get_by_label("Your new key").inner_text()
    assert key.startswith("agk_")
    shown.get_by_role("button", name="I have stored it").click()
    expect(tab.get_by_text(key)).to_have_count(0)

    tab.goto("/agent/usage")
    used = tab.get_by_test_id("used")
    expect(used).to_be_visible()
    before = int(used.inner_text().split()[0])
    call(shop, key)
    expect(used).to_have_text(str(before + 1))

    tab.goto("/agent/docs?action=domain.leadscoring.leads.create")
    tab.get_by_role("button", name="Run").click()
    answer = tab.locator("#console-answer")
    expect(answer).to_contain_text('"dry_run": true')
    expect(tab.get_by_text("HTTP 200")).to_be_visible()

    tab.goto("/agent/keys")
    tab.get_by_role("button", name="Laptop").click()
    drawer = tab.get_by_role("dialog", name="Laptop")
    drawer.get_by_role("button", name="Rotate").click()
    tab.get_by_role("dialog", name="Rotate key").get_by_role("button", name="Rotate key").click()
    newer = tab.get_by_label("Your new key").last.inner_text()
    tab.get_by_role("button", name="I have stored it").click()
    call(shop, key)
    call(shop, newer)
    drawer.get_by_role("button", name="Revoke").click()
    tab.get_by_role("alertdialog").get_by_role("button", name="Revoke key").click()
    call(shop, key, 401)
    call(shop, newer)

    tab.goto("/agent/invoices")
    tab.get_by_role("link", name=agent_account.invoice_number).click()
    tab.wait_for_url(f"**/agent/invoices/{agent_account.invoice_id}")
    expect(tab.get_by_test_id("arithmetic")).to_contain_text("600")
    tab.get_by_role("table", name="Calls charged").get_by_role("link").first.click()
    tab.wait_for_url("**/agent/calls?open=*")
    expect(tab.get_by_role("dialog")).to_contain_text("Charged")
    tab.keyboard.press("Escape")

    tab.get_by_role("button", name="Account").click()
    tab.get_by_role("menuitem", name="Log out").click()
    tab.wait_for_url("**/agent/login?signed_out=1")
    tab.goto("/agent/usage")
    tab.wait_for_url("**/agent/login?next=*")


def test_a_vendor_is_told_that_pages_of_agents_are_not_theirs(
    tab: Page, shop: Product, agent_account: AgentAccount
) -> None:
    steps.enter_as_agent(tab, shop, agent_account.email)
    for elsewhere in ("/vendor", "/ops"):
        tab.goto(elsewhere)
        tab.get_by_role("link", name="Go to the start").or_(
            tab.get_by_role("main").get_by_role("link")
        ).first.click()
        tab.wait_for_url("**/agent")
