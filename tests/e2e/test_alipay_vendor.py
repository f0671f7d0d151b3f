"""The vendor who pays through Alipay, from sign-up to the paid invoice."""

from __future__ import annotations

import re

import httpx
from playwright.sync_api import Page, expect

from tests.e2e import steps
from tests.running import Product
from turnpike_client import VendorClient

EMAIL = "alipay@orchard.example.com"


def test_from_sign_up_to_an_invoice_paid_through_its_link(tab: Page, shop: Product) -> None:
    token = steps.board(tab, shop, EMAIL, "Orchard Robots", "Connect Alipay")
    with VendorClient(shop.url, token) as vendor:
        device = vendor.register_device("OR-0001", steps.user("orchard"))
    expect(tab.get_by_text("Your first device is registered")).to_be_visible()
    steps.send_event(shop, "orchard-1", "authority.memory_read", actor_omni=device.actor_omni)

    steps.move_clock(shop, steps.next_month(shop))
    mail = steps.await_mail(shop, EMAIL, "Invoice TP-")
    assert "17.50" in mail["subject"]
    attached = httpx.get(mail["attachments"][0]["url"]).content
    assert attached.startswith(b"%PDF")
    with VendorClient(shop.url, token) as vendor:
        (invoice,) = list(vendor.invoices())
        assert (invoice.status, vendor.invoice_pdf(invoice.id)) == ("open", attached)

    tab.goto(_pay_link(mail))
    expect(tab.get_by_test_id("outstanding")).to_contain_text("17.50")
    tab.get_by_role("button", name="Pay now").click()
    expect(tab.get_by_test_id("amount")).to_contain_text("17.50")
    tab.get_by_test_id("pay").click()
    steps.await_mail(shop, EMAIL, "Payment received")

    tab.goto("/vendor/invoices")
    line = tab.get_by_role("row").filter(has_text=invoice.number)
    expect(line).to_contain_text("Paid")
    tab.goto(_pay_link(mail))
    expect(tab.get_by_text("Nothing is left to pay")).to_be_visible()


def _pay_link(mail: dict[str, object]) -> str:
    """Return the address under which the mail says the invoice can be paid."""
    found = re.search(r"https?://\S+/v1/pay/[\w-]+", str(mail["text"]))
    assert found, mail["text"]
    return found.group()
