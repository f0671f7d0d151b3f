"""What the services need written and sent: PDFs, mails, agreements, logos, as small Protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.core.invoice_document import InvoiceDocument


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """One mail, ready to be sent: the same parameters always give the same text."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class AgreementText:
    """One version of one agreement in one language; ``sha256`` is that of its Markdown."""

    slug: str
    version: str
    locale: str
    title: str
    html: str
    sha256: str


class Documents(Protocol):
    """Turns frozen facts into bytes and words; slow ones are called in a thread."""

    def pdf(self, doc: InvoiceDocument) -> bytes:
        """Return an invoice, credit note or statement; the same facts give the same bytes."""
        ...

    def mail(
        self, template: str, params: Mapping[str, Any], *, locale: str, brand: str, site_url: str
    ) -> RenderedMail:
        """Return a mail; raises ``ValueError`` for unknown templates and wrong parameters."""
        ...

    def agreement(self, slug: str, locale: str, version: str | None = None) -> AgreementText:
        """Return an agreement, the newest version by default; raises ``NotFoundError``."""
        ...

    def logo(self, data: bytes) -> bytes:
        """Return an uploaded picture decoded and encoded anew as PNG; raises ``InvalidInputError``."""
        ...


class Mailer(Protocol):
    """Sends one mail to one recipient."""

    async def send(
        self,
        *,
        to: str,
        subject: str,
        text: str,
        html: str,
        message_id: str,
        attachments: Sequence[Attachment] = (),
    ) -> None:
        """Hand the mail over; raises ``ProviderDownError`` (try again) or ``ProviderRefusedError``."""
        ...
