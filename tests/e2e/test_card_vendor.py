"""The card vendor, from sign-up to the paid invoice's PDF."""

from __future__ import annotations

import httpx
from playwright.sync_api import Page, expect

from tests.e2e import steps
from tests.running import Product
from turnpike_client import VendorClient, fetch_jwks, verify_receipt

EMAIL = "card@acme.example.com"


def test_from_sign_up_to_a_paid_invoice(tab: Page, shop: Product) -> None:
    token = steps.board(tab, shop, EMAIL, "Acme Toys", "Connect a card")
    with VendorClient(shop.url, token) as vendor:
        first = vendor.register_device("SN-0001", steps.user("first"))
        again = vendor.register_device("SN-0001", steps.user("first"))
        assert (first.created, again.actor_omni) == (True, first.actor_omni)
        for number in range(2, 5):
            vendor.register_device(f"SN-{number:04d}", steps.user("first"))
        vendor_id = steps.vendor_id(first.receipt)
        receipt = verify_receipt(
            first.receipt, fetch_jwks(shop.url), issuer=shop.url, vendor_id=vendor_id
        )
        assert receipt.binding.actor_omni == first.actor_omni
    expect(tab.get_by_text("Your first device is registered")).to_be_visible()

    steps.send_event(shop, "e1", "authority.memory_read", actor_omni=first.actor_omni)
    tab.get_by_role("link", name="Go to the dashboard").click()
    expect(tab.get_by_test_id("active-devices")).to_contain_text("1")

    steps.move_clock(shop, steps.next_month(shop))
    mail = steps.await_mail(shop, EMAIL, "Invoice TP-")
    assert "$2.50" in mail["subject"]
    attached = httpx.get(mail["attachments"][0]["url"]).content
    with VendorClient(shop.url, token) as vendor:
        (invoice,) = list(vendor.invoices())
        assert vendor.invoice_pdf(invoice.id) == attached
    assert attached.startswith(b"%PDF")
    tab.goto("/vendor/invoices")
    expect(tab.get_by_role("cell", name="Paid", exact=True)).to_be_visible()
