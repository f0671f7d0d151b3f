"""One built product for all journeys, and a browser that finds things as people do."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from app import build
from tests.e2e.browser import FLAGS, executable
from tests.running import Product, product

OPS_EMAIL = "ops@example.com"
OPS_PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Generator[Product]:
    """The product as a newcomer gets it, empty, with its simulated outside world."""
    build.ensure()
    with product(tmp_path_factory.mktemp("shop")) as running:
        running.environment["OPS_PASSWORD"] = OPS_PASSWORD
        running.command("ops", "create", OPS_EMAIL, "--password-env", "OPS_PASSWORD")
        running.facts["platform"] = (
            running.command("keys", "platform-token").strip().splitlines()[-1]
        )
        yield running


@pytest.fixture(scope="session")
def browser() -> Generator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable(), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def tab(browser: Browser, shop: Product) -> Generator[Page]:
    """A fresh browser at the front door; a failing test leaves a picture behind."""
    context = new_context(browser, shop)
    page = context.new_page()
    yield page
    context.close()


def new_context(browser: Browser, shop: Product, **options: object) -> BrowserContext:
    context = browser.new_context(base_url=shop.url, locale="en-US", **options)  # type: ignore[arg-type]
    context.set_default_timeout(20_000)
    return context
