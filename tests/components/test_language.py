"""Every text that a vendor or a stranger can read stands in the Chinese catalogue."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import reflex as rx
from reflex_base.vars.sequence import LiteralStringVar
from reflex_components_core.base.bare import Bare

from app import pages
from app.core.discover import import_all
from app.pages.registry import PAGES
from components import badges, branding, words

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE: dict[str, str] = json.loads((ROOT / "assets/locales/zh-CN.json").read_text())
READ_ALOUD = ("aria-label", "data-label", "title", "placeholder", "alt")

import_all(pages)
READ_IN_CHINESE = sorted(route for route in PAGES if not route.startswith("/ops"))


def texts_of(component: Any) -> Iterator[str]:
    """Give the texts of a component that are known before anybody looks at it; code is read as it is."""
    if getattr(component, "tag", "") in {"pre", "code"}:
        return
    values = [component.contents] if isinstance(component, Bare) else []
    attrs = getattr(component, "custom_attrs", None) or {}
    values += [attrs.get(name, getattr(component, name, None)) for name in READ_ALOUD]
    for value in values:
        text = value._var_value if isinstance(value, LiteralStringVar) else value
        if isinstance(text, str):
            yield text.strip()
    inside = component._get_components_in_props() if isinstance(component, rx.Component) else []
    for part in [*getattr(component, "children", []), *inside]:
        yield from texts_of(part)


def needs_words(text: str) -> bool:
    return bool(re.search(r"[A-Za-z]{2}", text)) and not re.fullmatch(r"\S*[/@_]\S*", text)


@pytest.mark.parametrize("route", READ_IN_CHINESE)
def test_every_text_of_a_page_has_its_chinese(route: str) -> None:
    page = PAGES[route]
    said = {text for text in (*texts_of(page.render()), page.title) if needs_words(text)}
    assert said
    assert sorted(said - set(CATALOGUE)) == [], "add these to assets/locales/zh-CN.json"


def test_every_word_of_the_widgets_has_its_chinese() -> None:
    said = {
        value for name, value in vars(words).items() if name.isupper() and isinstance(value, str)
    }
    said |= {word for word, _ in badges.STATES.values()}
    said |= {text for row in branding.SAMPLE_DEVICES for text in (row.name, row.note)}
    said |= {text for row in branding.SAMPLE_EVENTS for text in (row.text, row.at)}
    assert sorted(said - set(CATALOGUE)) == []


def test_what_the_script_of_forms_says_has_its_chinese() -> None:
    script = (ROOT / "assets/ui/turnpike.js").read_text()
    said = re.findall(r'return "([A-Z][^"]+)"|error: "([^"]+)"', script)
    assert len(said) >= 4
    assert sorted({one or other for one, other in said} - set(CATALOGUE)) == []


def test_a_translation_keeps_every_gap() -> None:
    gap = re.compile(r"\{\*?\}")
    assert [
        text for text, said in CATALOGUE.items() if gap.findall(text) != gap.findall(said)
    ] == []


def test_no_translation_is_empty() -> None:
    assert [text for text, said in CATALOGUE.items() if not said.strip()] == []


READ_BY_VENDORS = [
    *(f"app/services/{name}.py" for name in (
        "accounts", "agreements", "branding", "checkouts", "closing", "credentials", "devices", "links", "onboarding",
        "passwords", "pay_links", "payment_methods", "payments", "payout_accounts", "preflight", "profiles", "rails",
        "sessions", "throttle", "tickets", "twofactor", "vendor_settings",
    )),
    *(f"app/rules/{name}.py" for name in ("emails", "fields", "onboarding", "passwords", "policies")),
]  # fmt: skip
"""Where the refusals are made that a vendor meets in its portal."""


def _said(node: ast.AST) -> str:
    """Return a text of the source with a 7 in each of its gaps, and nothing for what is no text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_said(one) if isinstance(one, ast.Constant) else "7" for one in node.values)
    return ""


def _refusals(path: str) -> Iterator[str]:
    """Give the sentences of a module's refusals; what is put together of a field and its problem stands elsewhere."""
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Error") and node.args:
            text = _said(node.args[0])
            if not re.fullmatch(r"The (\w+ )?7( hours)?\.|The 7 7\.", text):
                yield text
        if isinstance(node, ast.Tuple) and len(node.elts) == 2:
            problem = _said(node.elts[1])
            if re.match(r"(must|is) ", problem):
                yield f"{problem[:1].upper()}{problem[1:]}."


def test_every_refusal_that_a_vendor_meets_has_its_chinese() -> None:
    known = [re.compile(re.sub(r"\\\{(?:\\\*)?\\\}", ".+", re.escape(text))) for text in CATALOGUE]
    said = {text for path in READ_BY_VENDORS for text in _refusals(path) if needs_words(text)}
    assert len(said) > 30
    assert sorted(text for text in said if not any(one.fullmatch(text) for one in known)) == []
