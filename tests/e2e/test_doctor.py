"""The check of an installation asks the outside world and says what to do."""

from __future__ import annotations

import subprocess
import sys

from tests.running import ROOT, Product


def _doctor(shop: Product, **changed: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "app", "doctor"],
        cwd=ROOT,
        env=shop.environment | changed,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_a_sound_installation_is_said_to_be_sound(shop: Product) -> None:
    code, told = _doctor(shop)
    assert (code, "!!" in told) == (0, False), told
    for name in ("mail", "stripe", "alipay"):
        assert any(line.split()[1:] == [name, "answers"] for line in told.splitlines()), told


def test_a_key_that_the_provider_refuses_is_found(shop: Product) -> None:
    code, told = _doctor(shop, STRIPE_SECRET_KEY="sk_test_wrong", SMTP_PORT="1")
    assert code == 1
    found = [line.split()[1] for line in told.splitlines() if line.startswith("!!")]
    assert found == ["mail", "stripe"], told
