"""The one object through which services have documents written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core.invoice_document import Brand, DocumentKind, InvoiceDocument
from app.documents import agreements
from app.documents.mail import render_mail
from app.services.ports import AgreementText, RenderedMail


class Press:
    """Implements ``ports.Documents``; what draws is loaded when there is something to draw."""

    def pdf(self, doc: InvoiceDocument) -> bytes:
        """Return an invoice, credit note or statement."""
        from app.documents.invoice_pdf import render_invoice, render_statement

        return (render_statement if doc.kind is DocumentKind.STATEMENT else render_invoice)(doc)

    def mail(
        self, template: str, params: Mapping[str, Any], *, locale: str, brand: str, site_url: str
    ) -> RenderedMail:
        """Return a mail."""
        one = render_mail(template, params, locale=locale, brand=Brand(brand), site_url=site_url)
        return RenderedMail(one.subject, one.text, one.html)

    def agreement(self, slug: str, locale: str, version: str | None = None) -> AgreementText:
        """Return an agreement, the newest version by default."""
        wanted = agreements.current_version(slug) if version is None else version
        one = agreements.load(slug, wanted, locale)
        return AgreementText(
            slug=one.slug,
            version=one.version,
            locale=one.locale.value,
            title=one.title,
            html=one.html,
            sha256=one.sha256,
        )

    def logo(self, data: bytes) -> bytes:
        """Return a picture encoded anew."""
        from app.documents.logos import reencode_logo

        return reencode_logo(data)
