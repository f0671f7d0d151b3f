"""Whoever reads Chinese reads Chinese: every page of a vendor, with what the server wrote into it."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, Page, expect

import app.pages as pages_package
from app.core.discover import import_all
from app.core.locale import country_names
from app.pages.registry import PAGES
from tests.e2e import steps
from tests.e2e.conftest import Customer, new_context
from tests.running import Product

import_all(pages_package)
NAMES = re.compile(
    r"[A-Z]{3}|\S+@\S+|travel|Chrome on Linux|HeadlessChrome on Linux|localhost|First token"
)
"""Codes, addresses, and what people and machines are called: nobody translates them."""


def _left_in_english(page: Page, customer: Customer) -> list[str]:
    """Return what the catalogue lacked and holds no Chinese at all, the customer's own words left out."""
    page.wait_for_timeout(400)
    told: list[str] = page.evaluate("[...(window.turnpikeMissing || ['no catalogue'])]")
    own = {customer.name, customer.email, customer.email.partition("@")[0]}
    own |= set(country_names("en").values())  # figures and places are in the account's language
    return [
        text
        for text in told
        if not re.search(r"[\u4e00-\u9fff]", text) and text not in own and not NAMES.fullmatch(text)
    ]


def test_no_page_of_a_vendor_is_left_in_english(
    browser: Browser, shop: Product, customer: Customer
) -> None:
    left: set[str] = set()
    with new_context(browser, shop) as context:
        page = context.new_page()
        page.goto("/login")
        steps.sign_in(page, customer.email, steps.PASSWORD)
        page.evaluate("localStorage.setItem('language', 'zh-CN')")
        for route in [one.route for one in PAGES.values() if one.audience == "vendor"]:
            page.goto(route.replace("[id]", customer.invoice_id))
            expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
            expect(page.locator("main .bone")).to_have_count(0)
            left |= {f"{route}: {text}" for text in _left_in_english(page, customer)}
        page.goto("/vendor/devices")
        counted = re.compile(r"\d 台活跃，2 台已注册")  # other journeys move the clock
        expect(page.get_by_text(counted)).to_be_visible()
        page.locator(".open-row").first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        left |= {f"drawer: {text}" for text in _left_in_english(page, customer)}
        page.goto("/login?error=wrong_credentials")
        expect(page.get_by_text("该地址与密码不匹配").or_(page.get_by_role("note"))).to_be_visible()
        left |= {f"login: {text}" for text in _left_in_english(page, customer)}
    assert sorted(left) == []
