"""Photographs every page of the demo, in both themes, on a desk and on a phone: ``make pictures``."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

import app.pages as pages_package
from app.core.discover import import_all
from app.pages.registry import PAGES
from tests.e2e.browser import FLAGS, executable
from tests.running import ROOT, Process, free_port

SIZES = {"desk": (1280, 800), "phone": (360, 780)}
THEMES = ("light", "dark")
PATIENCE = 300


@contextmanager
def demo() -> Generator[dict[str, Any]]:
    """Run a demo of our own, in a folder that goes away; gives what its ``demo.json`` says."""
    with tempfile.TemporaryDirectory() as folder:
        port, outside, smtp = (str(free_port()) for _ in range(3))
        ports = ["--port", port, "--sandbox-port", outside, "--smtp-port", smtp]
        log = Path(folder) / "demo.log"
        running = Process(["-m", "app", "demo", *ports, "--folder", folder], dict(os.environ), log)
        running.start()
        try:
            yield _await_facts(Path(folder) / "demo.json", running)
        finally:
            running.stop()


def _await_facts(path: Path, running: Process) -> dict[str, Any]:
    """Read what the demo writes once it is filled."""
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        if time.monotonic() > deadline or running.popen is None or running.popen.poll() is not None:
            raise SystemExit(f"The demo did not start.\n{running.log.read_text()[-2000:]}")
        time.sleep(0.5)
    return dict(json.loads(path.read_text()))


def photograph(browser: Browser, facts: dict[str, Any], folder: Path) -> int:
    """Write a picture of every page, theme and size; returns how many."""
    import_all(pages_package)
    people = {"public": None, "vendor": facts["vendors"][0], "ops": facts["ops"]}
    count = 0
    for audience, person in people.items():
        with browser.new_context(
            base_url=facts["base_url"], locale="en-US", reduced_motion="reduce"
        ) as context:
            page = context.new_page()
            if person is not None:
                _sign_in(page, person)
            for route in sorted(one.route for one in PAGES.values() if one.audience == audience):
                page.set_viewport_size({"width": 1280, "height": 800})
                address = _address(page, route)
                count += _take(page, address, folder / audience / _name(route))
    return count


def _sign_in(page: Page, person: dict[str, str]) -> None:
    page.goto("/login")
    page.get_by_label("E-mail").fill(person["email"])
    page.get_by_label("Password", exact=True).fill(person["password"])
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda url: "/login" not in url)


def _address(page: Page, route: str) -> str:
    """Return an address of the route that shows something: the first link to one in its list."""
    if "[" not in route:
        return route
    if route == "/terms/[slug]":
        return "/terms/terms"
    place = route.partition("[")[0]
    _visit(page, place.rstrip("/"))
    link = page.locator(f'main a[href^="{place}"]').first
    return str(link.get_attribute("href"))


def _visit(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("main")).to_be_visible()
    expect(page.locator("main .bone")).to_have_count(0)


def _take(page: Page, address: str, stem: Path) -> int:
    _visit(page, address)
    stem.parent.mkdir(parents=True, exist_ok=True)
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(150)
            page.screenshot(path=f"{stem}-{theme}-{size}.png", full_page=True)
    return len(THEMES) * len(SIZES)


def _name(route: str) -> str:
    return route.strip("/").replace("/", "-").replace("[", "").replace("]", "") or "home"


def main() -> None:
    """Start a demo, or take the one whose folder is named, and photograph it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "pictures")
    parser.add_argument("--demo", type=Path, help="the folder of a demo that runs already")
    wanted = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=FLAGS)
        if wanted.demo:
            facts = json.loads((wanted.demo / "demo.json").read_text())
            count = photograph(browser, facts, wanted.folder)
        else:
            with demo() as facts:
                count = photograph(browser, facts, wanted.folder)
        browser.close()
    print(f"{count} pictures in {wanted.folder}")


if __name__ == "__main__":
    main()
