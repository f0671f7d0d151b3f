"""How long a page takes to answer a person: load, and click to change, in Chromium against the built product.

Run with ``python -m benchmarks.pages``. The ratio is a page's load over that of a plain JSON answer fetched by the
same browser in the same run.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from app import build
from tests.e2e.browser import FLAGS, executable
from tests.running import product

PATHS = ("/signup", "/login", "/")


def load(page: Page, url: str, done: str) -> float:
    """Return the seconds from asking to seeing."""
    began = time.perf_counter()
    page.goto(url)
    page.locator(done).first.wait_for()
    return time.perf_counter() - began


def main(*, quick: bool = False) -> None:
    """Print medians and ratios."""
    rounds = 3 if quick else 15
    build.ensure()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, product(Path(folder)) as shop:
        print(
            f"prebuilt product serving after {time.perf_counter() - started:.1f} s, migrations and sandbox included"
        )
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=executable(), args=FLAGS)
            page = browser.new_page()
            plain = statistics.median(
                load(page, f"{shop.url}/healthz", "pre, body") for _ in range(rounds)
            )
            for path in PATHS:
                took = statistics.median(
                    load(page, shop.url + path, "h1, h2") for _ in range(rounds)
                )
                print(f"page {path}: {1000 * took:.0f} ms, {took / plain:.1f} times a plain answer")
            browser.close()


if __name__ == "__main__":
    main()
