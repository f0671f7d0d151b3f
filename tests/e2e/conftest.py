"""One built product for all journeys, and a browser that finds things as people do."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from app import build
from tests.e2e import steps
from tests.e2e.browser import FLAGS, executable
from tests.running import Product, product
from turnpike_client import VendorClient

OPS_EMAIL = "ops@example.com"
OPS_PASSWORD = "correct horse battery staple"
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)


@dataclass(frozen=True)
class Customer:
    """A vendor with a device, an event and a paid invoice, for journeys that begin after theirs."""

    email: str
    name: str
    token: str
    tenant_id: str
    device_id: str
    device_pk: str
    invoice_id: str
    invoice_number: str


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
    context.set_default_timeout(PATIENCE)
    return context


@pytest.fixture(scope="session")
def customer(browser: Browser, shop: Product) -> Customer:
    """A card vendor whose first month is over and paid."""
    email, name, device_id = "first@cedar.example.com", "Cedar Games", "CG-0001"
    with new_context(browser, shop) as context:
        token = steps.board(context.new_page(), shop, email, name, "Connect a card")
    with VendorClient(shop.url, token) as vendor:
        made = vendor.register_device(device_id, steps.user("cedar"))
        steps.send_event(shop, "cedar-1", "authority.memory_read", actor_omni=made.actor_omni)
        steps.move_clock(shop, steps.next_month(shop))
        steps.await_mail(shop, email, "Payment received")
        vendor.register_device("CG-0002", steps.user("cedar"))
        (invoice,) = list(vendor.invoices())
    return Customer(
        email,
        name,
        token,
        steps.vendor_id(made.receipt),
        device_id,
        made.device.id,
        invoice.id,
        str(invoice.number),
    )


@dataclass(frozen=True)
class AgentAccount:
    """An agent that pays by the call, with a paid invoice of its first month."""

    email: str
    key: str
    tenant_id: str
    invoice_id: str
    invoice_number: str


@pytest.fixture(scope="session")
def agent_account(browser: Browser, shop: Product) -> AgentAccount:
    """An agent with 600 charged calls of a month that is over."""
    email = "human@flint.example.com"
    with httpx.Client(base_url=shop.url, timeout=60) as http:
        made = http.post(
            "/api/onboard/leadscoring", json={"agent_id": "flint", "email": email}
        ).json()
        headers = {"X-API-Key": made["api_key"]}
        page = http.post(
            "/api/upgrade/checkout", json={"tenant_uuid": made["tenant_uuid"]}, headers=headers
        ).json()
        with new_context(browser, shop) as context:
            tab = context.new_page()
            tab.goto(page["checkout_url"])
            tab.get_by_test_id("pay").click()
            steps.await_mail(shop, email, "pays by the call")
        body = {"action": "domain.leadscoring.leads.export"}
        called = 0
        while called < 600:
            answer = http.post("/api/manage", json=body, headers=headers)
            called += answer.status_code == 200
            if answer.status_code == 429:
                time.sleep(int(answer.headers["Retry-After"]))
        steps.move_clock(shop, steps.next_month(shop))
        mail = steps.await_mail(shop, email, "Invoice TP-")
        number = mail["subject"].split("Invoice ")[1].split(":")[0]
        with new_context(browser, shop) as context:
            tab = context.new_page()
            steps.enter_as_agent(tab, shop, email)
            tab.goto("/agent/invoices")
            link = tab.get_by_role("link", name=number)
            invoice_id = str(link.get_attribute("href")).rpartition("/")[2]
    return AgentAccount(email, made["api_key"], made["tenant_uuid"], invoice_id, number)


def sign_in_as_staff(page: Page) -> None:
    """Sign in as the administrator that the product was given."""
    page.goto("/login")
    steps.sign_in(page, OPS_EMAIL, OPS_PASSWORD)
