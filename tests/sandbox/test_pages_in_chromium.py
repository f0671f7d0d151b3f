"""The simulated pages in a real browser: usable by test id, on a phone, in the dark, by a screen reader."""

from __future__ import annotations

import shutil
import smtplib
from collections.abc import Generator

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from stripe import StripeClient

from app.sandbox.launch import RunningSandbox
from tests.conftest import require_or_skip
from tests.sandbox.flows import customer_with_card, open_invoice, payment_session, press
from tests.sandbox.test_mailbox import mail

pytestmark = pytest.mark.e2e

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
QUIET = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]


@pytest.fixture
def chromium() -> Generator[Browser]:
    require_or_skip(bool(CHROMIUM), "Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


def _serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [one["id"] for one in found if one["impact"] in {"serious", "critical"}]


def test_the_pages_fit_a_phone_and_read_well_in_both_themes(
    chromium: Browser,
    sandbox: RunningSandbox,
    stripe_client: StripeClient,
    browser: httpx.Client,
) -> None:
    customer = customer_with_card(stripe_client, browser)
    invoice = open_invoice(stripe_client, customer, 250)
    stripe_client.v1.invoices.pay(invoice.id)
    session = payment_session(stripe_client)
    with smtplib.SMTP(sandbox.smtp_host, sandbox.smtp_port) as smtp:
        smtp.send_message(mail())
    paths = ["/", "/mailbox", "/stripe/dashboard", "/alipay/dashboard", str(session.url)]
    for scheme in ("light", "dark"):
        context = chromium.new_context(
            base_url=sandbox.url,
            viewport={"width": 360, "height": 740},
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        page = context.new_page()
        for path in paths:
            page.goto(path)
            assert _serious(page) == [], f"{path} in {scheme}"
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        context.close()


def test_a_person_pays_by_button_and_follows_a_link_in_a_mail(
    chromium: Browser, sandbox: RunningSandbox, stripe_client: StripeClient
) -> None:
    session = payment_session(
        stripe_client,
        success_url=f"{sandbox.url}/mailbox?paid={{CHECKOUT_SESSION_ID}}",
        cancel_url=f"{sandbox.url}/",
    )
    message = mail()
    message.clear()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "Link"
    message.set_content(f"<a href='{sandbox.url}/healthz'>Confirm</a>", subtype="html")
    with smtplib.SMTP(sandbox.smtp_host, sandbox.smtp_port) as smtp:
        smtp.send_message(message)
    page = chromium.new_page()
    page.goto(str(session.url))
    page.get_by_test_id("card-mastercard").click()
    page.get_by_test_id("pay").click()
    page.wait_for_url(f"**/mailbox?paid={session.id}")
    page.get_by_test_id("mail").first.click()
    with page.expect_popup() as opened:
        page.frame_locator("iframe").get_by_role("link", name="Confirm").click()
    opened.value.wait_for_url("**/healthz")


def test_a_declined_customer_lands_back_at_the_product_and_may_return(
    chromium: Browser, sandbox: RunningSandbox, stripe_client: StripeClient, browser: httpx.Client
) -> None:
    session = payment_session(stripe_client, cancel_url=f"{sandbox.url}/")
    page = chromium.new_page()
    page.goto(str(session.url))
    page.get_by_test_id("decline").click()
    page.wait_for_url(f"{sandbox.url}/")
    assert press(browser, session, "pay").status_code == 303
