"""How long a page takes to answer a person, in Chromium against the built product.

Run with ``python -m benchmarks.pages``. For every page: load from an empty cache, what its scripts weigh, how far
anything moves while it loads (the cumulative layout shift of the Web Vitals), on a desk and on a phone. Then what a click
takes until the page shows its effect. The ratio is a page's load over that of a plain JSON answer fetched by the same
browser in the same run.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from app import build
from tests.e2e.browser import FLAGS, executable
from tests.running import board, product

EMAIL, PASSWORD = "pages@example.com", "a long enough passphrase"
PATHS = ("/", "/signup", "/login", "/vendor", "/vendor/devices")
DESK, PHONE = (1280, 800), (360, 780)
SHIFTS = """window.shifted = 0; new PerformanceObserver(list => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({type: "layout-shift", buffered: true})"""
PRESS = """button => new Promise(done => {
    const began = performance.now();
    new MutationObserver((_, seen) => {
        if (button.getAttribute("aria-pressed") !== "true") return;
        seen.disconnect();
        done(performance.now() - began);
    }).observe(document.body, {subtree: true, attributes: true, attributeFilter: ["aria-pressed"]});
    button.click();
})"""
WEIGHT = """performance.getEntriesByType("resource").filter(one => one.name.endsWith(".js"))
    .reduce((sum, one) => sum + one.encodedBodySize, 0)"""


def load(context: BrowserContext, url: str, done: str) -> tuple[float, int, float]:
    """Return the seconds from asking to seeing, the bytes of scripts, and the layout shift."""
    page = context.new_page()
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")
    page.add_init_script(SHIFTS)
    began = time.perf_counter()
    page.goto(url)
    page.locator(done).first.wait_for()
    took = time.perf_counter() - began
    page.wait_for_load_state("networkidle")
    weight, shifted = page.evaluate(WEIGHT), page.evaluate("window.shifted || 0")
    page.close()
    return took, weight, shifted


def measure_loads(browser: Browser, url: str, cookies: list[dict[str, str]], rounds: int) -> None:
    """Print a line for every page, the slower and the heavier of both sizes."""
    with browser.new_context() as context:
        plain = statistics.median(
            load(context, f"{url}/healthz", "pre, body")[0] for _ in range(rounds)
        )
    for path in PATHS:
        for width, height in (DESK, PHONE):
            with browser.new_context(viewport={"width": width, "height": height}) as context:
                context.add_cookies(cookies if path.startswith("/vendor") else [])  # type: ignore[arg-type]
                runs = [
                    load(context, url + path, "main :is(h1, h2, table):visible")
                    for _ in range(rounds)
                ]
            took, shifted = statistics.median(run[0] for run in runs), max(run[2] for run in runs)
            print(
                f"page {path} at {width}: {1000 * took:.0f} ms, {took / plain:.1f} times a plain answer, "
                f"{runs[0][1] / 1000:.0f} kB of scripts, layout shift {shifted:.3f}"
            )


def measure_clicks(page: Page, url: str, rounds: int) -> None:
    """Print how long the dashboard takes to show another range."""
    page.goto(f"{url}/vendor")
    group = page.get_by_role("group", name="Range")
    expect(group.locator("[aria-pressed=true]")).to_have_text("30 d")
    taken: list[float] = []
    for turn in range(rounds):
        button = group.get_by_role("button", name=("7 d", "90 d")[turn % 2])
        taken.append(button.evaluate(PRESS))
        page.wait_for_load_state("networkidle")
    print(f"click to another range: {statistics.median(taken):.0f} ms until the page shows it")


def main(*, quick: bool = False) -> None:
    """Print medians and ratios."""
    rounds = 1 if quick else 9
    build.ensure()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, product(Path(folder)) as shop:
        print(
            f"prebuilt product serving after {time.perf_counter() - started:.1f} s, migrations and sandbox included"
        )
        board(shop, EMAIL, "PG")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=executable(), args=FLAGS)
            with browser.new_context() as context:
                page = context.new_page()
                page.goto(f"{shop.url}/login")
                page.get_by_label("E-mail").fill(EMAIL)
                page.get_by_label("Password", exact=True).fill(PASSWORD)
                page.get_by_role("button", name="Log in").click()
                page.wait_for_url(lambda address: "/login" not in address)
                measure_clicks(page, shop.url, rounds)
                measure_loads(browser, shop.url, context.cookies(), rounds)  # type: ignore[arg-type]
            browser.close()


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    main(quick=options.parse_args().quick)
