"""What people do, said once: journeys are made of these."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from app.core.clock import wall_now
from tests.running import Product

PASSWORD = "a long enough passphrase"


def mails(shop: Product, to: str) -> list[dict[str, Any]]:
    """Return the mails to an address, newest first."""
    answer = httpx.get(shop.mailbox, params={"to": to}, headers={"Accept": "application/json"})
    found: list[dict[str, Any]] = answer.json()
    return found


def await_mail(shop: Product, to: str, subject: str) -> dict[str, Any]:
    """Wait for a mail whose subject holds a text."""
    for _ in range(200):
        for mail in mails(shop, to):
            if subject in mail["subject"]:
                return mail
        time.sleep(0.15)
    raise AssertionError(f"no mail {subject!r} to {to}: {[m['subject'] for m in mails(shop, to)]}")


def link_in(mail: dict[str, Any]) -> str:
    """Return the link with a secret in its fragment."""
    return next(word for word in str(mail["text"]).split() if "#" in word and "://" in word)


def sign_up(tab: Page, shop: Product, email: str) -> None:
    """Create an account, confirm its address by mail, and sign in."""
    tab.goto("/signup")
    tab.get_by_label("Work e-mail").fill(email)
    tab.get_by_label("Password", exact=True).fill(PASSWORD)
    tab.get_by_role("button", name="Create account").click()
    expect(tab.get_by_role("heading", name="Check your mail")).to_be_visible()
    tab.goto(link_in(await_mail(shop, email, "onfirm")))
    tab.get_by_role("button", name="Confirm this address").click()
    sign_in(tab, email, PASSWORD)
    tab.wait_for_url("**/vendor/onboarding**")


def sign_in(tab: Page, email: str, password: str) -> None:
    """Sign in on the login page, wherever one was before."""
    if "/login" not in tab.url:
        tab.wait_for_url("**/login**")
    tab.get_by_label("E-mail").fill(email)
    tab.get_by_label("Password", exact=True).fill(password)
    tab.get_by_role("button", name="Log in").click()
    tab.wait_for_url(lambda url: "/login" not in url)


def accept_terms(tab: Page) -> None:
    """Tick every agreement and go on."""
    expect(tab.get_by_role("button", name="Accept and continue")).to_be_visible()
    for box in tab.get_by_role("checkbox").all():
        box.check()
    tab.get_by_role("button", name="Accept and continue").click()


def set_branding(tab: Page, name: str) -> None:
    """Give the name that parents see."""
    tab.get_by_label("Display name").fill(name)
    tab.get_by_role("button", name="Save and continue").click()


def board(tab: Page, shop: Product, email: str, name: str, rail: str) -> str:
    """Walk through the whole wizard; ``rail`` is the word on its button. Returns the first token."""
    sign_up(tab, shop, email)
    accept_terms(tab)
    set_branding(tab, name)
    tab.get_by_role("button", name=rail).click()
    tab.get_by_test_id("pay").click()
    expect(tab.get_by_role("button", name="Create token")).to_be_visible()
    token = create_token(tab)
    tab.get_by_role("button", name="Continue").click()
    expect(tab.get_by_text("Waiting for your first device")).to_be_visible()
    return token


def create_token(tab: Page) -> str:
    """Create the first token; returns the secret that is shown once."""
    tab.get_by_role("button", name="Create token").click()
    shown = tab.get_by_label("Your token")
    expect(shown).to_be_visible()
    return shown.inner_text()


def user(name: str) -> str:
    """Return a well-formed user."""
    return hashlib.sha256(name.encode()).hexdigest()


def move_clock(shop: Product, to: str) -> None:
    """Move the product's clock; everything that falls due is done when this returns."""
    answer = httpx.post(
        f"{shop.url}/v1/sandbox/clock",
        json={"to": to},
        headers={"Authorization": f"Bearer {shop.facts['platform']}"},
        timeout=300,
    )
    assert answer.status_code == 200, answer.text


def product_time(shop: Product) -> str:
    """Return what time the product believes it is."""
    return str(httpx.get(f"{shop.url}/readyz").json()["now"])


def send_event(shop: Product, event_id: str, kind: str, **data: Any) -> None:
    """Send one event as the platform, dated now."""
    now = product_time(shop)
    answer = httpx.post(
        f"{shop.url}/v1/events",
        json={"events": [{"id": event_id, "type": kind, "time": now, "data": data}]},
        headers={"Authorization": f"Bearer {shop.facts['platform']}"},
    )
    assert answer.json() == {"inserted": 1, "duplicates": 0}, answer.text


def notify_of_nothing(shop: Product, event_id: str) -> None:
    """Send a genuine notification about a card that is nobody's."""
    at = int(wall_now().timestamp())
    card = {"id": f"pm_{event_id}", "customer": None}
    event = {
        "id": event_id,
        "type": "payment_method.detached",
        "created": at,
        "livemode": False,
        "data": {"object": card, "previous_attributes": {"customer": f"cus_{event_id}"}},
    }
    body = json.dumps(event)
    key = shop.world.secrets["stripe"].encode()
    proof = hmac.new(key, f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    answer = httpx.post(
        f"{shop.url}/v1/webhook/stripe",
        content=body,
        headers={"Stripe-Signature": f"t={at},v1={proof}", "Content-Type": "application/json"},
    )
    assert answer.status_code == 200, answer.text


def pay_by_link(shop: Product, email: str) -> None:
    """Pay the newest invoice through the link in its mail, without a browser."""
    words = str(await_mail(shop, email, "Invoice TP-")["text"]).split()
    link = next(word for word in words if "/v1/pay/" in word)
    with httpx.Client(follow_redirects=True) as http:
        asked = http.post(link, headers={"Accept": "application/json"})
        assert asked.status_code < 300, asked.text
        page = http.get(asked.json()["redirect_url"])
        paid = http.post(page.url, data={"action": "pay"}, follow_redirects=False)
        assert paid.status_code < 400, paid.text


def next_month(shop: Product) -> str:
    """Return an instant early in the next month, late enough to be within 30 days of its end."""
    now = product_time(shop)
    year, month = int(now[:4]), int(now[5:7])
    year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return f"{year}-{month:02d}-03T06:00:00Z"


def vendor_id(receipt: str) -> str:
    """Return whom a receipt is for; the verification then proves it."""
    claims = json.loads(base64.urlsafe_b64decode(receipt.split(".")[1] + "=="))
    return str(claims["aud"]).removeprefix("vendor:")


def enter_as_agent(page: Page, shop: Product, email: str) -> None:
    """Log in as the human behind an agent: by mail, from wherever the page is."""
    page.goto("/agent/login")
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Mail me a link").click()
    expect(page.get_by_role("heading", name="Look at your mail")).to_be_visible()
    mail = await_mail(shop, email, "Log in to")
    found = re.search(r"http\S+/v1/enter/\S+", mail["text"])
    assert found, mail["text"]
    page.goto(found[0])
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/agent")
