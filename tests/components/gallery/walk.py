"""Press everything once in Chromium, by mouse and by keyboard; called by `look.py --walk` on a served gallery."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Page, Route, expect

expect.set_options(timeout=15_000)


def walk(page: Page, base: str, shots: Path, name: str) -> None:
    """Fail at the first thing that does not behave."""
    narrow = (page.viewport_size or {})["width"] < 640
    page.goto(f"{base}/", wait_until="networkidle")
    if narrow:
        page.get_by_role("button", name="Open navigation").click()
        expect(page.get_by_role("navigation", name="Main")).to_be_visible()
        page.wait_for_timeout(200)
        page.screenshot(path=shots / f"nav-{name}.png")
        page.keyboard.press("Escape")
        expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    _table(page, shots, name)
    _menu_and_dialog(page, shots, name)
    _palette(page, shots, name)
    _theme(page)
    _language(page, shots, name)
    _forms(page, base, shots, name)


def _table(page: Page, shots: Path, name: str) -> None:
    page.get_by_role("searchbox").fill("0001")
    expect(page.get_by_text("1–8 / 11")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("9–11 / 11")).to_be_visible()
    page.get_by_role("searchbox").fill("nothing like it")
    expect(page.get_by_text("No device matches")).to_be_visible()
    page.get_by_role("searchbox").fill("")
    expect(page.get_by_text("1–8 / 59")).to_be_visible()
    page.get_by_role("cell", name="1,096").click()
    drawer = page.get_by_role("dialog", name="dev8")
    expect(drawer).to_be_visible()
    page.wait_for_timeout(300)
    page.screenshot(path=shots / f"drawer-{name}.png")
    drawer.get_by_role("button", name="Copy").click()
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()


def _menu_and_dialog(page: Page, shots: Path, name: str) -> None:
    opener = page.get_by_role("button", name="Acts for this row").nth(1)
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Open")).to_be_focused()
    page.screenshot(path=shots / f"menu-{name}.png")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="Release")).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("alertdialog", name="Release SN-00001?")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    page.wait_for_timeout(300)
    page.screenshot(path=shots / f"dialog-{name}.png")
    for _ in range(6):  # the focus stays inside
        page.keyboard.press("Tab")
    assert page.evaluate(
        "!!document.activeElement.closest('dialog') || document.activeElement === document.body"
    )
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Add device").click()
    dialog.get_by_role("button", name="Release device").click()
    expect(dialog.get_by_text("Fill this in.")).to_be_visible()
    expect(dialog.get_by_role("textbox", name="Reason")).to_be_focused()
    page.keyboard.type("lost by its owner")
    dialog.get_by_role("button", name="Release device").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("can register again at any time")).to_be_visible()
    page.wait_for_timeout(400)
    page.screenshot(path=shots / f"toast-{name}.png")


def _palette(page: Page, shots: Path, name: str) -> None:
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Search")
    expect(box).to_be_focused()
    box.fill("sn-0000")
    expect(page.get_by_role("option", name="SN-00001")).to_be_visible()
    page.screenshot(path=shots / f"palette-{name}.png")
    box.fill("for")
    page.keyboard.press("Enter")
    page.wait_for_url("**/forms")
    page.go_back()
    expect(page.get_by_role("heading", name="Devices", level=1)).to_be_visible()


def _theme(page: Page) -> None:
    page.get_by_role("button", name="Account").click()
    page.get_by_role("menuitemradio", name="Dark").click()
    expect(page.get_by_role("menuitemradio", name="Dark")).to_have_attribute("aria-checked", "true")
    page.reload(wait_until="commit")
    page.wait_for_function("document.body")
    assert "dark" in (page.locator("html").get_attribute("class") or ""), "the first paint is dark"
    page.wait_for_load_state("networkidle")
    page.get_by_role("button", name="Account").click()
    page.get_by_role("menuitemradio", name="System").click()
    page.keyboard.press("Escape")


def _language(page: Page, shots: Path, name: str) -> None:
    page.get_by_role("button", name="Account").click()
    page.get_by_role("menuitemradio", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.get_by_role("heading", name="设备", level=1)).to_be_visible()
    # What the state writes later is said in Chinese as well, and what is data stays as it is.
    page.get_by_role("searchbox").fill("nothing like it")
    page.get_by_role("searchbox").fill("")
    expect(page.locator(".badge", has_text="活跃").first).to_be_visible()
    page.screenshot(path=shots / f"chinese-{name}.png")
    page.get_by_role("button", name="账户").click()
    page.get_by_role("menuitemradio", name="English").click()
    expect(page.get_by_role("heading", name="Devices", level=1)).to_be_visible()


def _forms(page: Page, base: str, shots: Path, name: str) -> None:
    page.goto(f"{base}/signup", wait_until="networkidle")
    sent: list[str] = []

    def answer(route: Route) -> None:
        sent.append(route.request.post_data or "")
        body = {
            "error": "Some fields need a change.",
            "reason": "invalid",
            "request_id": "req_1",
            "fields": [{"path": "body.email", "problem": "This address cannot be used."}],
        }
        if len(sent) > 1:
            body = {
                "error": "Too many attempts. Try again in 40 s.",
                "reason": "rate_limited",
                "request_id": "req_2",
            }
        route.fulfill(status=422, content_type="application/json", body=json.dumps(body))

    page.route("**/auth/signup", answer)
    email = page.get_by_role("textbox", name="Work e-mail")
    email.fill("not an address")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Enter an address like name@example.com.")).to_be_visible()
    email.fill("owner@acme.example.com")
    expect(page.get_by_text("Enter an address like")).to_be_hidden()
    password = page.get_by_label("Password", exact=True)
    password.fill("a long enough sentence")
    page.get_by_role("button", name="Show the password").click()
    expect(password).to_have_attribute("type", "text")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_text("This address cannot be used.")).to_be_visible()
    expect(email).to_be_focused()
    expect(email).to_have_value("owner@acme.example.com")
    assert "email=owner%40acme.example.com" in sent[0]
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_text("Too many attempts")).to_be_visible()
    page.screenshot(path=shots / f"refused-{name}.png")
