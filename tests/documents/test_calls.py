"""What the services write is checked against the catalogue here, because they may not import it themselves."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.core.invoice_document import Locale
from app.documents.mail_templates import TEMPLATES
from app.documents.texts import words

ROOT = Path(__file__).parents[2]
PHRASES = words(Locale.EN).entry("phrases")


@dataclass(frozen=True)
class Quoted:
    """A name written in a call and the parameters beside it; ``is_open`` when more are spread in."""

    where: str
    name: str
    params: frozenset[str]
    is_open: bool


def calls(owner: str, method: str) -> Iterator[tuple[str, ast.Call]]:
    for path in sorted((ROOT / "app").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr)) if (
                    name,
                    attr,
                ) == (owner, method):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def keys(node: ast.expr | None) -> tuple[frozenset[str], bool]:
    if node is None:
        return frozenset(), False
    if not isinstance(node, ast.Dict):
        return frozenset(), True
    known = {str(key.value) for key in node.keys if isinstance(key, ast.Constant)}
    return frozenset(known), len(known) < len(node.keys)


def names(node: ast.expr) -> list[str]:
    """Return the names a call may mean: one, or the two sides of a condition."""
    match node:
        case ast.Constant(value=str(name)):
            return [name]
        case ast.IfExp(body=body, orelse=other):
            return names(body) + names(other)
        case _:
            return []


def mails() -> Iterator[Quoted]:
    for where, call in calls("outbox", "mail"):
        for name in names(call.args[1]) if len(call.args) > 1 else []:
            given = {keyword.arg: keyword.value for keyword in call.keywords}
            params, params_open = keys(given.get("params"))
            secrets, secrets_open = keys(given.get("secrets"))
            yield Quoted(where, name, params | secrets, params_open or secrets_open)


def phrases() -> Iterator[Quoted]:
    for where, call in calls("Phrase", "of"):
        for name in names(call.args[0]) if call.args else []:
            params = frozenset(keyword.arg for keyword in call.keywords if keyword.arg)
            is_open = any(keyword.arg is None for keyword in call.keywords)
            yield Quoted(where, name, params, is_open)


@pytest.mark.parametrize("mail", list(mails()), ids=lambda mail: f"{mail.where} {mail.name}")
def test_every_mail_that_is_sent_exists_and_gets_what_it_quotes(mail: Quoted) -> None:
    assert mail.name in TEMPLATES
    wanted = TEMPLATES[mail.name].keys()
    assert mail.params <= wanted
    assert mail.is_open or mail.params == wanted


@pytest.mark.parametrize(
    "phrase", list(phrases()), ids=lambda phrase: f"{phrase.where} {phrase.name}"
)
def test_every_phrase_that_is_said_exists_and_gets_what_it_quotes(phrase: Quoted) -> None:
    assert phrase.name in PHRASES
    entry = PHRASES[phrase.name]
    forms = entry.values() if isinstance(entry, dict) else [entry]
    wanted = {name for form in forms for name in re.findall(r"\{(\w+)", form)}
    assert phrase.is_open or phrase.params >= wanted
