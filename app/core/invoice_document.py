"""What an invoice, a credit note or a statement says, as frozen values: services fill it, `app.documents` draws it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from app.core.money import Money
from app.core.phrases import Text

LETTER_COUNTRIES = frozenset(
    {"US", "CA", "MX", "CL", "CO", "CR", "GT", "PA", "PE", "PH", "PR", "VE"}
)
"""Countries whose offices print on Letter; everybody else uses A4."""


class DocumentKind(StrEnum):
    """The three documents that share one layout."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    STATEMENT = "statement"


class Paper(StrEnum):
    """Sheet sizes."""

    A4 = "A4"
    LETTER = "Letter"


class Locale(StrEnum):
    """Languages a document can be written in."""

    EN = "en"
    ZH_CN = "zh-CN"


@dataclass(frozen=True, slots=True)
class Party:
    """One side of the document, frozen at issue. ``country`` is an ISO 3166 alpha-2 code."""

    name: str
    address: tuple[str, ...] = ()
    country: str = ""
    email: str = ""
    tax_id: str = ""


@dataclass(frozen=True, slots=True)
class Brand:
    """A name and, where one was uploaded, its logo as PNG bytes."""

    name: str
    logo_png: bytes | None = None


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One row: ``quantity`` is text ("92", "30 %", "1.5 h"), so that its unit can stand beside it."""

    description: Text
    amount: Money
    detail: Text = ""
    quantity: str = ""
    unit_price: Money | None = None


@dataclass(frozen=True, slots=True)
class TaxSummary:
    """Tax on the subtotal: ``rate`` is a fraction (``Decimal("0.19")``), ``note`` e.g. reverse charge."""

    rate: Decimal
    amount: Money
    note: Text = ""


@dataclass(frozen=True, slots=True)
class PaymentInstructions:
    """How to pay: a sentence, and where it applies a link and what its QR code says."""

    method: Text
    instructions: Text = ""
    link: str = ""
    qr_payload: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceDocument:
    """Everything printed, nothing computed: the renderer adds no figure of its own.

    ``period_start`` and ``period_end`` are half-open, as everywhere; the last day printed is the one before
    the end. The amounts of a credit note are positive: what is credited. ``carried_in`` is the remainder taken over from the previous invoice, ``carried_out`` the one
    handed to the next; both are left out when None or zero. ``total`` is what is due (or credited, or paid out).
    """

    kind: DocumentKind
    number: str
    issued_on: dt.date
    currency: str
    seller: Party
    buyer: Party
    lines: tuple[DocumentLine, ...]
    subtotal: Money
    total: Money
    brand: Brand
    issuer_brand: Brand
    due_on: dt.date | None = None
    period_start: dt.date | None = None
    period_end: dt.date | None = None
    tax: TaxSummary | None = None
    carried_in: Money | None = None
    carried_out: Money | None = None
    pay: PaymentInstructions | None = None
    basis: Text = ""
    reference: str = ""
    locale: Locale = Locale.EN
    paper: Paper = Paper.A4


def paper_for(country: str) -> Paper:
    """Return the sheet a country's offices print on; ``country`` is an ISO 3166 alpha-2 code."""
    return Paper.LETTER if country.upper() in LETTER_COUNTRIES else Paper.A4
