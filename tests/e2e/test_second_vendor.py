"""A second vendor, who must not learn that there is a first."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e import steps
from tests.e2e.conftest import Customer
from tests.running import Product

EMAIL = "second@birch.example.com"


def test_a_second_vendor_sees_nothing_of_the_first(
    tab: Page, shop: Product, customer: Customer
) -> None:
    steps.sign_up(tab, shop, EMAIL)

    tab.goto("/vendor")
    expect(tab.get_by_test_id("active-devices")).to_contain_text("0")
    expect(tab.get_by_test_id("estimate")).not_to_contain_text("2.50")

    tab.goto("/vendor/devices")
    expect(tab.get_by_text("No devices yet")).to_be_visible()
    tab.goto("/vendor/invoices")
    expect(tab.get_by_text("No invoices yet")).to_be_visible()

    tab.goto(f"/vendor/devices?open={customer.device_pk}")
    expect(tab.get_by_text("No devices yet")).to_be_visible()
    expect(tab.get_by_role("dialog")).to_have_count(0)
    _expect_no_trace(tab, customer)

    tab.goto(f"/vendor/invoices/{customer.invoice_id}")
    expect(tab.get_by_text("There is nothing here")).to_be_visible()
    _expect_no_trace(tab, customer)

    answer = tab.request.get(f"/api/invoices/{customer.invoice_id}/pdf")
    assert answer.status == 404


def _expect_no_trace(tab: Page, customer: Customer) -> None:
    for word in (customer.name, customer.device_id, customer.invoice_number):
        expect(tab.get_by_text(word)).to_have_count(0)
