"""Operations at work: they look a vendor up, explain its invoice, stop it and let it go on."""

from __future__ import annotations

import httpx
from playwright.sync_api import Page, expect

from tests.e2e import steps
from tests.e2e.conftest import Customer, sign_in_as_staff
from tests.running import Product
from turnpike_client import VendorClient


def test_staff_finds_a_vendor_and_explains_its_invoice(tab: Page, customer: Customer) -> None:
    sign_in_as_staff(tab)
    expect(tab.get_by_test_id("active-tenants")).to_be_visible()

    tab.goto("/ops/tenants")
    tab.get_by_role("link", name=customer.name).click()
    tab.wait_for_url(f"**/ops/tenants/{customer.tenant_id}")
    expect(tab.get_by_role("heading", name=customer.name, level=1)).to_be_visible()
    expect(tab.get_by_text(customer.email).first).to_be_visible()

    tab.goto("/ops/invoices")
    tab.get_by_role("link", name=customer.invoice_number).click()
    tab.wait_for_url(f"**/ops/invoices/{customer.invoice_id}")
    expect(tab.get_by_role("heading", name="Why this amount")).to_be_visible()
    arithmetic = tab.get_by_test_id("arithmetic")
    for part in ("1", "$2.50"):
        expect(arithmetic).to_contain_text(part)
    counted = tab.get_by_role("region", name="Devices counted")
    expect(counted).to_contain_text(customer.device_id)


def test_staff_stops_a_vendor_and_lets_it_go_on(
    tab: Page, shop: Product, customer: Customer
) -> None:
    sign_in_as_staff(tab)
    tab.goto(f"/ops/tenants/{customer.tenant_id}")

    tab.get_by_role("button", name="Suspend", exact=True).click()
    question = tab.get_by_role("alertdialog", name=f"Suspend {customer.name}?")
    expect(question).to_be_visible()
    question.get_by_role("button", name="Cancel").click()
    expect(question).to_be_hidden()
    expect(tab.get_by_role("button", name="Resume", exact=True)).to_have_count(0)

    tab.get_by_role("button", name="Suspend", exact=True).click()
    question.get_by_label("Reason").fill("An invoice that nobody can reach")
    question.get_by_role("button", name="Suspend vendor").click()
    expect(tab.get_by_role("button", name="Resume", exact=True)).to_be_visible()
    assert _register(shop, customer, "CG-0003") == 403
    steps.await_mail(shop, customer.email, "uspend")

    tab.get_by_role("button", name="Resume", exact=True).click()
    question = tab.get_by_role("alertdialog", name=f"Let {customer.name} go on?")
    question.get_by_label("Reason").fill("Reached")
    question.get_by_role("button", name="Resume vendor").click()
    expect(tab.get_by_role("button", name="Suspend", exact=True)).to_be_visible()
    assert _register(shop, customer, "CG-0003") == 201


def test_staff_moves_the_clock_and_sees_the_month_billed(
    tab: Page, shop: Product, customer: Customer
) -> None:
    with VendorClient(shop.url, customer.token) as vendor:
        device = next(one for one in vendor.devices() if one.device_id == customer.device_id)
    steps.send_event(shop, "cedar-2", "authority.memory_read", actor_omni=device.actor_omni)
    month = steps.product_time(shop)[:7]
    sign_in_as_staff(tab)
    tab.goto("/ops/clock")
    before = tab.get_by_test_id("product-time").inner_text()
    tab.get_by_role("button", name="To the next month").click()
    question = tab.get_by_role("alertdialog", name="Move the clock?")
    question.get_by_role("button", name="Move clock").click()
    # Every midnight on the way is worked through, so this takes as long as it takes.
    expect(tab.get_by_text("It is ").first).to_be_visible(timeout=300_000)
    expect(tab.get_by_test_id("product-time")).not_to_have_text(before)

    tab.goto("/ops/jobs")
    runs = tab.get_by_role("region", name="Monthly runs")
    run = runs.get_by_role("row").filter(has_text=month)
    expect(run).to_contain_text("Done")
    expect(run).to_contain_text("$2.50")


def test_staff_has_a_notification_handled_once_more(tab: Page, shop: Product) -> None:
    steps.notify_of_nothing(shop, "evt_nobodys")
    sign_in_as_staff(tab)
    tab.goto("/ops/webhooks?q=evt_nobodys")
    tab.get_by_role("button", name="method.detached").click()
    notification = tab.get_by_role("dialog", name="method.detached")
    expect(notification).to_contain_text("pm_evt_nobodys")
    notification.get_by_role("button", name="Replay").click()
    question = tab.get_by_role("alertdialog", name="Handle method.detached once more?")
    question.get_by_role("button", name="Replay").click()
    expect(tab.get_by_text("Handled once more: 1 notification")).to_be_visible()
    expect(question).to_be_hidden()


def test_staff_chooses_several_notifications_and_takes_the_list_away(
    tab: Page, shop: Product
) -> None:
    for number in (1, 2):
        steps.notify_of_nothing(shop, f"evt_several_{number}")
    sign_in_as_staff(tab)
    tab.goto("/ops/webhooks?q=evt_several")
    expect(tab.get_by_role("button", name="method.detached")).to_have_count(2)
    tab.get_by_label("Select all on this page").click()
    expect(tab.get_by_text("2 selected")).to_be_visible()
    tab.get_by_role("button", name="Replay").click()
    question = tab.get_by_role("alertdialog", name="Handle 2 notifications once more?")
    question.get_by_role("button", name="Replay").click()
    expect(tab.get_by_text("Handled once more: 2 notifications")).to_be_visible()

    with tab.expect_download() as taken:
        tab.get_by_role("link", name="Export CSV").click()
    assert taken.value.suggested_filename == "webhooks.csv"
    lines = taken.value.path().read_text().splitlines()
    assert len(lines) == 3
    assert all("evt_several_" in line for line in lines[1:])


def _register(shop: Product, customer: Customer, device_id: str) -> int:
    """Register a device as the vendor's server does; returns the answer's status."""
    return httpx.post(
        f"{shop.url}/v1/vendor/devices/register",
        json={"device_id": device_id, "user_omni": steps.user("cedar")},
        headers={"Authorization": f"Bearer {customer.token}"},
        timeout=30,
    ).status_code
