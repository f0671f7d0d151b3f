"""Everything is reached and left by keyboard alone, and one sees where one is."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import steps
from tests.e2e.conftest import Customer

SEEN = """() => {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    const look = getComputedStyle(one), box = one.getBoundingClientRect();
    const shown = look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 2;
    const inside = box.bottom > 0 && box.top < innerHeight && box.width > 0;
    return {name: one.getAttribute("aria-label") || one.textContent.trim(), seen: shown && inside};
}"""


@pytest.fixture
def desk(tab: Page, customer: Customer) -> Page:
    """A browser signed in as a vendor with a device and an invoice."""
    tab.goto("/login")
    steps.sign_in(tab, customer.email, steps.PASSWORD)
    tab.goto("/vendor/devices")
    expect(tab.get_by_role("row").filter(has_text=customer.device_id)).to_be_visible()
    return tab


def test_the_first_stop_jumps_to_the_content(desk: Page) -> None:
    desk.keyboard.press("Tab")
    expect(desk.get_by_role("link", name="Skip to content")).to_be_focused()
    desk.keyboard.press("Enter")
    expect(desk.locator("main")).to_be_focused()
    desk.keyboard.press("Tab")
    expect(desk.get_by_role("searchbox")).to_be_focused()


def test_every_stop_is_seen_and_they_come_in_reading_order(desk: Page) -> None:
    stops: list[str] = []
    for _ in range(24):
        desk.keyboard.press("Tab")
        stop = desk.evaluate(SEEN)
        if stop is None:
            break
        assert stop["seen"], f"one does not see that {stop['name']!r} has the focus"
        stops.append(stop["name"])
    places = ["Skip to content", "Dashboard", "Devices", "Settings", "Account", "Status"]
    order = [next(at for at, name in enumerate(stops) if name.startswith(one)) for one in places]
    assert order == sorted(order), stops


def test_a_menu_is_walked_with_arrows_and_given_back(desk: Page) -> None:
    opener = desk.get_by_role("button", name="Acts for this row").first
    opener.focus()
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("menuitem", name="Open")).to_be_focused()
    desk.keyboard.press("ArrowDown")
    expect(desk.get_by_role("menuitem", name="Re-key")).to_be_focused()
    desk.keyboard.press("End")
    expect(desk.get_by_role("menuitem", name="Release")).to_be_focused()
    desk.keyboard.press("ArrowDown")
    expect(desk.get_by_role("menuitem", name="Open")).to_be_focused()
    desk.keyboard.press("Escape")
    expect(desk.get_by_role("menuitem", name="Open")).to_be_hidden()
    expect(opener).to_be_focused()


def test_a_drawer_and_a_dialog_keep_the_focus_and_give_it_back(
    desk: Page, customer: Customer
) -> None:
    opener = desk.get_by_role("button", name=customer.device_id)
    opener.focus()
    desk.keyboard.press("Enter")
    drawer = desk.get_by_role("dialog", name=customer.device_id)
    expect(drawer).to_be_visible()
    release = drawer.get_by_role("button", name="Release")
    release.focus()
    desk.keyboard.press("Enter")
    question = desk.get_by_role("alertdialog")
    expect(question.get_by_role("button", name="Cancel")).to_be_focused()
    for _ in range(5):
        desk.keyboard.press("Tab")
        assert desk.evaluate(
            "document.activeElement === document.body || "
            "!!document.activeElement.closest('[role=alertdialog]')"
        )
    desk.keyboard.press("Escape")
    expect(question).to_be_hidden()
    expect(drawer).to_be_visible()
    expect(release).to_be_focused()
    desk.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(opener).to_be_focused()


def test_the_palette_goes_anywhere(desk: Page) -> None:
    before = desk.get_by_role("link", name="Tokens")
    before.focus()
    desk.keyboard.press("Control+k")
    box = desk.get_by_role("combobox", name="Search")
    expect(box).to_be_focused()
    desk.keyboard.press("Escape")
    expect(box).to_be_hidden()
    expect(before).to_be_focused()
    desk.keyboard.press("Control+k")
    desk.keyboard.press("ArrowDown")
    chosen = desk.get_by_role("dialog").get_by_role("option", selected=True)
    expect(chosen).to_have_text("Devices")
    desk.keyboard.type("invo")
    expect(chosen).to_contain_text("Invoices")
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/vendor/invoices")


def test_arrows_walk_the_tabs_of_the_settings(desk: Page) -> None:
    desk.goto("/vendor/settings")
    tabs = desk.get_by_role("tab")
    tabs.first.focus()
    desk.keyboard.press("ArrowRight")
    expect(tabs.nth(1)).to_be_focused()
    expect(tabs.nth(1)).to_have_attribute("aria-selected", "true")
    desk.keyboard.press("End")
    expect(tabs.last).to_have_attribute("aria-selected", "true")
    desk.keyboard.press("Tab")
    assert not desk.evaluate("document.activeElement.matches('[role=tab]')"), (
        "one stop for all tabs"
    )
