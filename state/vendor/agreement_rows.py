"""An agreement as the wizard shows it for acceptance."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from app.services.document_ports import AgreementText


@dataclass(frozen=True)
class AgreementRow:
    """One agreement; what is shown here is what is accepted."""

    slug: str
    title: str
    version: str
    html: str
    sha256: str
    accepted: bool


def to_row(one: AgreementText, pending: Container[str]) -> AgreementRow:
    """Return the row of one agreement; ``pending`` holds the slugs not accepted yet."""
    return AgreementRow(
        one.slug, one.title, one.version, one.html, one.sha256, one.slug not in pending
    )
