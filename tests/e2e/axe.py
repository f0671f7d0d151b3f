"""Looks at a page as it stands: axe and sideways scroll, in both themes, on a desk and on a phone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

Looks = Sequence[tuple[Literal["light", "dark"], tuple[int, int]]]
DESK, PHONE = (1280, 900), (360, 780)
EVERY_LOOK: Final[Looks] = (("dark", PHONE), ("dark", DESK), ("light", PHONE), ("light", DESK))
BOTH_EXTREMES: Final[Looks] = (("dark", PHONE), ("light", DESK))
"""Each theme and each size once: enough for what opens on a page that is looked at in every way."""
GRAVE = ("serious", "critical")
CHECK = """async () => (await axe.run({resultTypes: ["violations"]})).violations
    .map(one => [one.impact, one.id, one.nodes.map(node => node.target.join(" ")).slice(0, 3)])"""


def inspect(page: Page, what: str, looks: Looks = BOTH_EXTREMES) -> list[str]:
    """Return a line for everything grave that stands in the way of somebody; the page ends light, on a desk."""
    found: list[str] = []
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    for theme, (width, height) in looks:
        page.emulate_media(color_scheme=theme)
        expect(page.locator("html")).to_have_class(re.compile(rf"\b{theme}\b"))
        page.set_viewport_size({"width": width, "height": height})
        found += [
            f"{what} {theme} {width}: {rule} {places}"
            for impact, rule, places in page.evaluate(CHECK)
            if impact in GRAVE
        ]
        wide = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
        if wide > 0:
            found.append(f"{what} {theme} {width}: scrolls sideways by {wide}")
    return found
