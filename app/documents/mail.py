"""Renders mails: a subject that says the fact, one HTML column and its plain-text twin, from one catalogue."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import jinja2
from markupsafe import Markup

from app.core.invoice_document import Brand
from app.documents.mail_templates import TEMPLATES, text, url
from app.documents.texts import Words, as_locale, words

_LONGEST_SUBJECT = 180


class UnknownTemplateError(ValueError):
    """There is no mail of that name."""


class MailParamsError(ValueError):
    """A parameter of a mail is missing, unknown, or not what it should be."""


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """One mail, ready to be sent: the same parameters always give the same text."""

    subject: str
    text: str
    html: str


def render_mail(
    template: str, params: Mapping[str, Any], *, locale: str, brand: Brand, site_url: str
) -> RenderedMail:
    """Write a mail of `mail_templates.TEMPLATES` in the language closest to ``locale``.

    ``brand`` is who writes; links that are paths lead to ``site_url``. Raises ``UnknownTemplateError`` and
    ``MailParamsError``.
    """
    if template not in TEMPLATES:
        raise UnknownTemplateError(template)
    catalogue = words(as_locale(locale))
    values = _read(template, params)
    links = [name for name, reader in TEMPLATES[template].items() if reader is url]
    values |= {name: urljoin(site_url, values[name]) for name in links}
    values["brand"] = text(brand.name)
    said = {name: _say(catalogue, value) for name, value in values.items()}
    entry = catalogue.entry(f"mail.{template}")
    view = {
        "locale": catalogue.locale.value,
        "subject": _subject(catalogue, entry["subject"], said),
        "body": [catalogue.fill(paragraph, said) for paragraph in entry["body"]],
        "facts": [
            (catalogue.fill(label, said), catalogue.fill(value, said))
            for label, value in entry.get("facts", [])
        ],
        "button": catalogue.fill(entry["button"], said),
        "note": catalogue.fill(entry.get("note", ""), said),
        "reason": catalogue.text(f"mail.reason.{entry['reason']}", brand=values["brand"]),
        "link_hint": catalogue.text("mail.link_hint"),
        "url": values["url"],
        "brand": values["brand"],
        "initial": (values["brand"][:1] or "T").upper(),
        "site_url": site_url,
    }
    view["body"] = [paragraph for paragraph in view["body"] if paragraph]
    html, plain = _templates()
    linked = [
        _with_links(paragraph, [values[name] for name in links]) for paragraph in view["body"]
    ]
    return RenderedMail(
        view["subject"],
        plain.render(view),
        html.render({**view, "body": linked, "lead": view["body"][0]}),
    )


def _read(template: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Check and convert the parameters of a template; every one is required."""
    readers = TEMPLATES[template]
    missing, unknown = (
        sorted(readers.keys() - params.keys()),
        sorted(params.keys() - readers.keys()),
    )
    if missing or unknown:
        raise MailParamsError(f"{template}: missing {missing}, unknown {unknown}")
    values: dict[str, Any] = {}
    for name, reader in readers.items():
        try:
            values[name] = reader(params[name])
        except (TypeError, ValueError) as error:
            raise MailParamsError(f"{template}: {name}: {error}") from error
    return values


def _say(catalogue: Words, value: Any) -> Any:
    """Put a period into words; everything else is written where it is quoted."""
    return catalogue.period(*value) if isinstance(value, tuple) else value


def _subject(catalogue: Words, entry: Any, values: Mapping[str, Any]) -> str:
    subject = text(catalogue.fill(entry, values))
    return subject if len(subject) <= _LONGEST_SUBJECT else subject[: _LONGEST_SUBJECT - 1] + "…"


@cache
def _templates() -> tuple[jinja2.Template, jinja2.Template]:
    """Load the HTML mail and its twin; what customers typed is escaped in the one and plain in the other."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
    html = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    plain = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined)  # noqa: S701 - no HTML
    plain.filters["fold"] = _fold
    return html.get_template("mail.html.jinja"), plain.get_template("mail.txt.jinja")


def _with_links(paragraph: str, links: Sequence[str]) -> Markup:
    """Escape a paragraph and make links of our own addresses in it, never of what a customer typed."""
    pattern = "|".join(re.escape(link) for link in sorted(links, key=len, reverse=True))
    parts = re.split(f"({pattern})", paragraph)
    return Markup().join(
        Markup('<a href="{0}">{0}</a>').format(part) if part in links else Markup.escape(part)
        for part in parts
    )


def _fold(paragraph: str) -> str:
    """Wrap a paragraph at 76 columns and leave addresses whole."""
    return textwrap.fill(paragraph, 76, break_long_words=False, break_on_hyphens=False)
