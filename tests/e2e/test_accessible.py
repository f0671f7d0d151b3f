"""Every page, with data, is readable by everybody: in both themes, on a desk and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

import app.pages as pages_package
from app.core.discover import import_all
from app.pages.registry import PAGES
from tests.e2e import steps
from tests.e2e.axe import EVERY_LOOK, inspect
from tests.e2e.conftest import AgentAccount, Customer, new_context, sign_in_as_staff
from tests.running import Product

import_all(pages_package)


@pytest.mark.parametrize("audience", ["public", "vendor", "agent", "ops"])
def test_every_page_is_accessible(
    browser: Browser,
    shop: Product,
    customer: Customer,
    agent_account: AgentAccount,
    audience: str,
) -> None:
    found: list[str] = []
    with new_context(browser, shop, reduced_motion="reduce") as context:
        page = context.new_page()
        if audience == "vendor":
            page.goto("/login")
            steps.sign_in(page, customer.email, steps.PASSWORD)
        elif audience == "agent":
            steps.enter_as_agent(page, shop, agent_account.email)
        elif audience == "ops":
            sign_in_as_staff(page)
        for route in sorted(one.route for one in PAGES.values() if one.audience == audience):
            page.goto(_address(route, customer, agent_account))
            _await_content(page)
            found += inspect(page, route, EVERY_LOOK)
    assert not found, "\n".join(found)


def _await_content(page: Page) -> None:
    """Wait until nothing is a skeleton any more and the event socket has answered."""
    expect(page.locator("main")).to_be_visible()
    expect(page.locator("main .bone")).to_have_count(0)


def _address(route: str, customer: Customer, agent: AgentAccount) -> str:
    """Return an address of the route that shows something."""
    known = {
        "/terms/[slug]": "/terms/dpa",
        "/vendor/invoices/[id]": f"/vendor/invoices/{customer.invoice_id}",
        "/ops/invoices/[id]": f"/ops/invoices/{customer.invoice_id}",
        "/agent/invoices/[id]": f"/agent/invoices/{agent.invoice_id}",
        "/ops/tenants/[id]": f"/ops/tenants/{customer.tenant_id}",
    }
    address = known.get(route, route)
    assert "[" not in address, f"{route} needs an address that shows something"
    return address
