"""What opens on a page is as readable as the page: menus, drawers, dialogs, errors, every step of the wizard."""

from __future__ import annotations

import re
from collections.abc import Generator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import steps
from tests.e2e.axe import inspect
from tests.e2e.conftest import Customer, new_context
from tests.running import Product
from turnpike_client import VendorClient


@pytest.fixture
def still(browser: Browser, shop: Product) -> Generator[Page]:
    """A browser in which nothing moves."""
    with new_context(browser, shop, reduced_motion="reduce") as context:
        page = context.new_page()
        page.set_viewport_size({"width": 1280, "height": 900})
        yield page


@pytest.fixture
def desk(still: Page, customer: Customer) -> Page:
    """The same, signed in as a vendor with a device and an invoice."""
    still.goto("/login")
    steps.sign_in(still, customer.email, steps.PASSWORD)
    return still


def test_forms_of_strangers_and_pages_that_are_not_there(still: Page) -> None:
    still.goto("/signup")
    still.get_by_role("button", name="Create account").click()
    expect(still.get_by_text("Fill this in.").first).to_be_visible()
    found = inspect(still, "sign-up, empty")
    still.goto("/login")
    still.get_by_label("E-mail").fill("nobody@example.com")
    still.get_by_label("Password", exact=True).fill("not the password")
    still.get_by_role("button", name="Log in").click()
    expect(still.get_by_role("alert")).to_be_visible()
    found += inspect(still, "login, refused")
    for address, words in (
        ("/login?step=code", "Second step"),
        ("/login?confirmed=1", "Your address is confirmed"),
        ("/signup?sent=1&email=a@b.example", "Check your mail"),
        ("/reset?error=link_invalid", "Reset your password"),
        ("/nowhere", "There is nothing here"),
    ):
        still.goto(address)
        expect(still.get_by_text(words).first).to_be_visible()
        found += inspect(still, address)
    still.goto("/")
    still.get_by_role("button", name="Theme and language").click()
    expect(still.get_by_role("menu")).to_be_visible()
    found += inspect(still, "menu of strangers")
    assert not found, "\n".join(found)


def test_every_step_of_the_wizard(still: Page, shop: Product) -> None:
    steps.sign_up(still, shop, "steps@fern.example.com")
    accept = still.get_by_role("button", name="Accept and continue")
    expect(accept).to_be_visible()
    found = inspect(still, "terms")
    accept.click()
    expect(still.get_by_text("Tick this to go on.").first).to_be_visible()
    found += inspect(still, "terms, not ticked")
    steps.accept_terms(still)
    expect(still.get_by_label("Display name")).to_be_visible()
    found += inspect(still, "branding")
    still.get_by_label("Display name").fill("")
    still.get_by_role("button", name="Save and continue").click()
    expect(still.get_by_text("Fill this in.")).to_be_visible()
    found += inspect(still, "branding, empty")
    steps.set_branding(still, "Fern Robots, a name as long as a name can reasonably be")
    connect = still.get_by_role("button", name="Connect a card")
    expect(connect).to_be_visible()
    found += inspect(still, "payment")
    connect.click()
    still.get_by_test_id("pay").click()
    expect(still.get_by_role("button", name="Create token")).to_be_visible()
    found += inspect(still, "token")
    token = steps.create_token(still)
    found += inspect(still, "token, shown once")
    still.get_by_role("button", name="Continue").click()
    expect(still.get_by_text("Waiting for your first device")).to_be_visible()
    found += inspect(still, "waiting")
    with VendorClient(shop.url, token) as vendor:
        vendor.register_device("FR-" + "0" * 60, steps.user("fern"))
    expect(still.get_by_text("Your first device is registered")).to_be_visible()
    found += inspect(still, "first device")
    assert not found, "\n".join(found)


def test_what_opens_on_the_device_list(desk: Page, customer: Customer) -> None:
    desk.goto("/vendor/devices")
    row = desk.get_by_role("row").filter(has_text=customer.device_id)
    row.get_by_role("button", name="Acts for this row").click()
    expect(desk.get_by_role("menuitem", name="Release")).to_be_visible()
    found = inspect(desk, "menu of a row")
    desk.get_by_role("menuitem", name="Release").click()
    expect(desk.get_by_role("alertdialog")).to_be_visible()
    found += inspect(desk, "release?")
    desk.keyboard.press("Escape")
    row.get_by_role("button", name=customer.device_id).click()
    expect(desk.get_by_role("dialog", name=customer.device_id)).to_be_visible()
    found += inspect(desk, "device")
    desk.keyboard.press("Escape")
    expect(desk.get_by_role("dialog")).to_have_count(0)
    desk.get_by_role("searchbox").fill("nothing like it")
    expect(desk.get_by_text("No device matches")).to_be_visible()
    found += inspect(desk, "nothing found")
    assert not found, "\n".join(found)


def test_what_opens_on_the_tokens(desk: Page) -> None:
    desk.goto("/vendor/tokens")
    desk.get_by_role("button", name="Create token").first.click()
    dialog = desk.get_by_role("dialog")
    expect(dialog).to_be_visible()
    found = inspect(desk, "new token")
    dialog.get_by_role("button", name="Create token").click()
    expect(dialog.get_by_text("Fill this in.")).to_be_visible()
    found += inspect(desk, "new token, empty")
    desk.keyboard.press("Escape")
    desk.get_by_role("row").nth(1).locator(".open-row").click()
    expect(desk.get_by_role("dialog")).to_be_visible()
    found += inspect(desk, "token")
    desk.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(desk.get_by_role("alertdialog")).to_be_visible()
    found += inspect(desk, "revoke?")
    assert not found, "\n".join(found)


def test_what_opens_on_every_page(desk: Page) -> None:
    desk.goto("/vendor")
    expect(desk.get_by_test_id("active-devices")).to_be_visible()
    desk.keyboard.press("Control+k")
    desk.get_by_role("combobox", name="Search").fill("in")
    expect(desk.get_by_role("option", name="Invoices")).to_be_visible()
    found = inspect(desk, "palette")
    desk.keyboard.press("Escape")
    desk.get_by_role("button", name="Account").click()
    expect(desk.get_by_role("menu", name="Account")).to_be_visible()
    found += inspect(desk, "account")
    desk.keyboard.press("Escape")
    desk.get_by_text("View as table").first.click()
    expect(desk.get_by_role("region", name="Active devices a day")).to_be_visible()
    found += inspect(desk, "numbers of a chart")
    desk.set_viewport_size({"width": 360, "height": 780})
    desk.get_by_role("button", name="Open navigation").click()
    expect(desk.get_by_role("navigation", name="Main")).to_be_visible()
    found += inspect(desk, "navigation")
    desk.goto("/ops")
    expect(desk.get_by_text("You cannot open this page")).to_be_visible()
    found += inspect(desk, "a page of others")
    assert not found, "\n".join(found)


def test_every_tab_of_the_settings(desk: Page) -> None:
    desk.goto("/vendor/settings")
    tabs = desk.get_by_role("tab")
    expect(tabs.first).to_be_visible()
    found: list[str] = []
    for tab in tabs.all():
        name = tab.inner_text()
        tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")
        expect(desk.locator("main .bone")).to_have_count(0)
        found += inspect(desk, name)
        submit = desk.locator("main form button[type=submit]:visible").first
        if submit.count():
            submit.click()
            expect(desk.locator("form[data-busy]")).to_have_count(0)
            found += inspect(desk, f"{name}, sent as it is")
    assert re.search("security|sign", " ".join(tabs.all_inner_texts()), re.I)
    assert not found, "\n".join(found)
