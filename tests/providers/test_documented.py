"""The page on deployment names every notification that the adapters read."""

from __future__ import annotations

import re
from pathlib import Path

from app.providers.stripe.facts import OF_ACCOUNTS, READERS

PAGE = Path(__file__).parents[2] / "docs" / "deployment.md"


def test_every_notification_that_is_read_is_to_be_subscribed_to() -> None:
    named: set[str] = set()
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith(("| `stripe`", "| `stripe-connect`")):
            stem = ""
            for name in re.findall(r"`([a-z_.]+)`", line.split("|")[2]):
                if not name.startswith("."):
                    stem = name.rpartition(".")[0]
                named.add(stem + name if name.startswith(".") else name)
    assert named == {*READERS, *OF_ACCOUNTS}
