"""The agreements vendors accept: versioned Markdown that never changes once it was accepted."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt

from app.core.errors import NotFoundError
from app.core.invoice_document import Locale
from app.documents.texts import as_locale

SLUGS = ("terms", "dpa")
"""The agreements a vendor accepts before it becomes active, in the order they are shown."""

_FOLDER = Path(__file__).parents[2] / "assets" / "agreements"
_FILE = re.compile(r"---\neffective_on: (\d{4}-\d{2}-\d{2})\n---\n# ([^\n]+)\n+(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Agreement:
    """One version of one agreement in one language.

    ``markdown`` and ``html`` start below the title, with headings of the second level. ``sha256`` is the hash of the file as it lies in the product, in hex: what an acceptance records.
    """

    slug: str
    version: str
    locale: Locale
    title: str
    effective_on: dt.date
    markdown: str
    html: str
    sha256: str


def versions(slug: str) -> tuple[str, ...]:
    """Return the versions of an agreement, oldest first; raises ``NotFoundError``."""
    if slug not in SLUGS:
        raise NotFoundError("There is no such agreement.")
    names = (path.name.split(".") for path in (_FOLDER / slug).glob("*.en.md"))
    return tuple(sorted((parts[0] for parts in names), key=int))


def current_version(slug: str) -> str:
    """Return the version that is to be accepted now; raises ``NotFoundError``."""
    return versions(slug)[-1]


def load(slug: str, version: str, locale: str) -> Agreement:
    """Return an agreement in the language closest to ``locale``; raises ``NotFoundError``."""
    if version not in versions(slug):
        raise NotFoundError("There is no such version of the agreement.")
    return _load(slug, version, as_locale(locale))


@cache
def _load(slug: str, version: str, locale: Locale) -> Agreement:
    content = (_FOLDER / slug / f"{version}.{locale.value}.md").read_bytes()
    found = _FILE.fullmatch(content.decode("utf-8"))
    if not found:
        raise ValueError(f"{slug} {version} {locale}: needs effective_on and a title")
    return Agreement(
        slug=slug,
        version=version,
        locale=locale,
        title=found[2],
        effective_on=dt.date.fromisoformat(found[1]),
        markdown=found[3],
        html=_markdown().render(found[3]),
        sha256=hashlib.sha256(content).hexdigest(),
    )


@cache
def _markdown() -> MarkdownIt:
    """Make the renderer: tables, and no HTML of the source."""
    return MarkdownIt("commonmark", {"html": False}).enable("table")
