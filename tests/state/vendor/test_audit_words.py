from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from app.services.pro_payments import PAID, REFUNDED
from state.vendor.audit_words import REASONS, SENTENCES, UNLABELLED, say

ROOT = Path(__file__).resolve().parents[3]
NOT_A_VENDORS = re.compile(
    r"platform\.|billing\.|invoice\.copy_|ops\.notes_changed|"
    r"ops\.(action|calls|clock|key|outbox|person|policy|reconciliation|role|webhook|billing|list)_?"
)
"""Kinds of rows that carry no vendor (but perhaps an agent), or none a vendor should read more of than its kind."""
KIND = r"(access|billing|device|invoice|ops|payment|payout|person|platform|pro|vendor)\.[a-z_]+"
MADE = {f"pro.{kind}": "f'pro.{" for kind in (PAID, REFUNDED)}
"""Kinds that are put together, and what the code for it begins with."""


def kinds_written() -> set[str]:
    """Give every kind that stands in a call of a service, also of the helpers that write the row for it."""
    found: set[str] = set()
    for path in (ROOT / "app/services").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            for one in call.args if isinstance(call, ast.Call) else []:
                if isinstance(one, ast.Constant) and re.fullmatch(KIND, str(one.value)):
                    found.add(str(one.value))
                elif isinstance(one, ast.JoinedStr):
                    found |= {kind for kind in MADE if ast.unparse(one).startswith(MADE[kind])}
    return found


def test_every_kind_that_a_vendor_can_read_has_its_sentence() -> None:
    written = kinds_written()
    assert len(written) > 20
    assert sorted(kind for kind in written - set(SENTENCES) if not NOT_A_VENDORS.match(kind)) == []


def test_every_sentence_has_its_chinese() -> None:
    catalogue = json.loads((ROOT / "assets/locales/zh-CN.json").read_text())
    known = {re.sub(r"\{\*?\}", "{}", text) for text in catalogue}
    said = {re.sub(r"\{\w+\}( \(\{prefix\}…\))?", "{}", text) for text, _, _ in SENTENCES.values()}
    said |= {*REASONS.values(), *UNLABELLED.values()}
    assert sorted(said - known) == []


@pytest.mark.parametrize(
    ("kind", "body", "locale", "said"),
    [
        ("device.registered", {"device_id": "SN-1"}, "en", "Device SN-1 was registered"),
        ("payment.succeeded", {"amount": "231.00 USD"}, "en", "A payment of $231.00 arrived"),
        ("payment.succeeded", {"amount": "17.50 CNY"}, "zh-CN", "A payment of ¥17.50 arrived"),
        (
            "payout.prepared",
            {"amount": "3.00 USD", "period": "2026-10"},
            "en",
            "A payout of $3.00 for October 2026 was prepared",
        ),
        ("invoice.paid", {}, "en", "Invoice was paid:"),
        ("vendor.payment_connected", {"label": ""}, "en", "A payment method was connected"),
        (
            "vendor.payment_connected",
            {"label": "Visa 4242"},
            "en",
            "Visa 4242 was connected for payment",
        ),
        ("made.up_tomorrow", {"x": 1}, "en", "Made: up tomorrow"),
        ("odd{kind}", {}, "en", "Oddkind"),
        ("device.registered", {"device_id": "{0}"}, "en", "Device {0} was registered"),
    ],
)
def test_a_row_is_a_sentence(kind: str, body: dict[str, object], locale: str, said: str) -> None:
    assert say(kind, body, locale)[0] == said
