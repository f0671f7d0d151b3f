"""Every page, with data, is readable by everybody: in both themes, on a desk and on a phone."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

import app.pages as pages_package
from app.core.discover import import_all
from app.pages.registry import PAGES
from tests.e2e import steps
from tests.e2e.conftest import Customer, new_context, sign_in_as_staff
from tests.running import Product

DESK, PHONE = (1280, 900), (360, 780)
THEMES = ("light", "dark")
GRAVE = ("serious", "critical")
CHECK = """async () => (await axe.run({resultTypes: ["violations"]})).violations
    .map(one => [one.impact, one.id, one.nodes.map(node => node.target.join(" ")).slice(0, 3)])"""
import_all(pages_package)


@pytest.mark.parametrize("audience", ["public", "vendor", "ops"])
def test_every_page_is_accessible(
    browser: Browser, shop: Product, customer: Customer, audience: str
) -> None:
    found: list[str] = []
    with new_context(browser, shop, reduced_motion="reduce") as context:
        page = context.new_page()
        if audience == "vendor":
            page.goto("/login")
            steps.sign_in(page, customer.email, steps.PASSWORD)
        elif audience == "ops":
            sign_in_as_staff(page)
        for route in sorted(one.route for one in PAGES.values() if one.audience == audience):
            page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
            page.goto(_address(route, customer))
            _await_content(page)
            page.evaluate(Axe().axe_script)
            for theme in THEMES:
                page.emulate_media(color_scheme=theme)
                expect(page.locator("html")).to_have_class(re.compile(rf"\b{theme}\b"))
                for width, height in (DESK, PHONE):
                    page.set_viewport_size({"width": width, "height": height})
                    found += [
                        f"{route} {theme} {width}: {rule} {places}"
                        for impact, rule, places in page.evaluate(CHECK)
                        if impact in GRAVE
                    ]
                    wide = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
                    if wide > 0:
                        found.append(f"{route} {theme} {width}: scrolls sideways by {wide}")
    assert not found, "\n".join(found)


def _await_content(page: Page) -> None:
    """Wait until nothing is a skeleton any more and the event socket has answered."""
    expect(page.locator("main")).to_be_visible()
    expect(page.locator("main .bone")).to_have_count(0)


def _address(route: str, customer: Customer) -> str:
    """Return an address of the route that shows something."""
    known = {
        "/terms/[slug]": "/terms/dpa",
        "/vendor/invoices/[id]": f"/vendor/invoices/{customer.invoice_id}",
        "/ops/invoices/[id]": f"/ops/invoices/{customer.invoice_id}",
        "/ops/tenants/[id]": f"/ops/tenants/{customer.tenant_id}",
    }
    address = known.get(route, route)
    assert "[" not in address, f"{route} needs an address that shows something"
    return address
