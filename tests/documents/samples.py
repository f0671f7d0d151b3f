"""Documents as the services would hand them over, for the tests and for looking at."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace
from decimal import Decimal

from PIL import Image, ImageDraw

from app.core.invoice_document import (
    Brand,
    DocumentKind,
    DocumentLine,
    InvoiceDocument,
    Locale,
    Paper,
    Party,
    PaymentInstructions,
    TaxSummary,
)
from app.core.money import Money
from app.core.phrases import Phrase

ISSUER = Party(
    "Turnpike Platform Ltd",
    ("12 Harbour Street", "Dublin D02 XY45"),
    "IE",
    "billing@example.com",
    "IE1234567FA",
)
ACME = Party(
    "Acme Toys Inc.",
    ("500 Market Street, Suite 9", "San Francisco, CA 94105"),
    "US",
    "finance@acme-toys.example.com",
    "12-3456789",
)
XINGXING = Party(
    "星星玩具（深圳）有限公司",
    ("广东省深圳市南山区科技园南路 88 号 B 座 1203 室",),
    "CN",
    "caiwu@example.com",
    "91440300MA5EXAMPLE",
)
END = dt.date(2026, 12, 1)


def logo_png(width: int = 480, height: int = 160) -> bytes:
    """Draw a flat two-coloured logo."""
    picture = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    side = min(width, height)
    pen.ellipse((0, 0, side - 1, side - 1), fill="#E5484D")
    if width > height * 1.2:
        pen.rectangle((height + 20, height // 4, width - 10, height * 3 // 4), fill="#1C2024")
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def acme_invoice() -> InvoiceDocument:
    """A vendor in the United States, charged by card."""
    amount = Money.of("231", "USD")
    return InvoiceDocument(
        kind=DocumentKind.INVOICE,
        number="TP-2026-00042",
        issued_on=dt.date(2026, 12, 1),
        due_on=dt.date(2026, 12, 15),
        period_start=dt.date(2026, 11, 1),
        period_end=END,
        currency="USD",
        seller=ISSUER,
        buyer=ACME,
        lines=(
            DocumentLine(
                Phrase.of("line.active_devices"),
                Money.of("230", "USD"),
                detail=Phrase.of("line.active_devices.detail", count=92, end=END),
                quantity="92",
                unit_price=Money.of("2.5", "USD"),
            ),
        ),
        subtotal=Money.of("230", "USD"),
        carried_in=Money.of("1", "USD"),
        tax=TaxSummary(
            Decimal(0),
            Money.zero("USD"),
            Phrase.of("tax.reverse_charge", tax_id="12-3456789"),
        ),
        total=amount,
        pay=PaymentInstructions(
            Phrase.of("pay.card"),
            Phrase.of("pay.card.detail", card="Visa ending 4242", charge_on=dt.date(2026, 12, 1)),
            link="https://portal.example.com/vendor/invoices/TP-2026-00042",
        ),
        basis=Phrase.of(
            "basis.active_devices",
            count=92,
            price=Money.of("2.5", "USD"),
            amount=Money.of("230", "USD"),
            since=dt.date(2026, 3, 1),
        ),
        brand=Brand("Acme Toys", logo_png()),
        issuer_brand=Brand("Turnpike"),
        paper=Paper.LETTER,
    )


def xingxing_invoice() -> InvoiceDocument:
    """A vendor in China, paying by Alipay, in Chinese."""
    amount = Money.of("16420.5", "CNY")
    return replace(
        acme_invoice(),
        number="TP-2026-00043",
        currency="CNY",
        buyer=XINGXING,
        locale=Locale.ZH_CN,
        paper=Paper.A4,
        brand=Brand("星星玩具", logo_png(300, 200)),
        lines=(
            DocumentLine(
                Phrase.of("line.active_devices"),
                amount,
                detail=Phrase.of("line.active_devices.detail", count=931, end=END),
                quantity="931",
                unit_price=Money.of("17.6375", "CNY"),
            ),
        ),
        subtotal=amount,
        carried_in=None,
        tax=TaxSummary(Decimal("0.06"), Money.of("985.23", "CNY")),
        total=Money.of("17405.73", "CNY"),
        pay=PaymentInstructions(
            Phrase.of("pay.alipay"),
            Phrase.of("pay.alipay.detail", due_on=dt.date(2026, 12, 15), number="TP-2026-00043"),
            link="https://portal.example.com/pay/TP-2026-00043",
            qr_payload="https://qr.alipay.com/bax00042exampleexample",
        ),
        basis=Phrase.of(
            "basis.active_devices",
            count=931,
            price=Money.of("17.6375", "CNY"),
            amount=amount,
            since=dt.date(2026, 3, 1),
        ),
    )


def credit_note() -> InvoiceDocument:
    """A correction of Acme's invoice."""
    amount = Money.of("25", "USD")
    return replace(
        acme_invoice(),
        kind=DocumentKind.CREDIT_NOTE,
        number="TPC-2026-00003",
        reference="TP-2026-00042",
        due_on=None,
        lines=(
            DocumentLine(
                Phrase.of("line.correction", number="TP-2026-00042"),
                amount,
                quantity="10",
                unit_price=Money.of("2.5", "USD"),
            ),
        ),
        subtotal=amount,
        carried_in=None,
        total=amount,
        pay=PaymentInstructions(Phrase.of("pay.credited"), Phrase.of("pay.credited.detail")),
        basis=Phrase.of(
            "basis.credit_note",
            number="TP-2026-00042",
            issued_on=dt.date(2026, 12, 1),
            reason="Ten devices were counted twice.",
        ),
    )


def long_statement(lines: int = 2000) -> InvoiceDocument:
    """A revenue-share statement with many payments."""
    share, gross = Money.of("2.997", "USD"), Money.of("9.99", "USD")
    rows = tuple(
        DocumentLine(
            Phrase.of("line.pro_payment", user=f"{index:04x}…{index * 7 % 65536:04x}"),
            share,
            detail=Phrase.of(
                "line.pro_payment.detail",
                paid_on=dt.date(2026, 11, 1 + index % 30),
                device=f"SN-{index:05d}",
            ),
            quantity="30%",
            unit_price=gross,
        )
        for index in range(lines)
    )
    total = share.times(lines)
    return replace(
        acme_invoice(),
        kind=DocumentKind.STATEMENT,
        number="TPS-2026-00007",
        due_on=None,
        lines=rows,
        subtotal=total,
        carried_in=None,
        tax=None,
        total=total.rounded(),
        pay=PaymentInstructions(
            Phrase.of("pay.payout.connect"),
            Phrase.of("pay.payout.connect.detail", paid_on=dt.date(2026, 12, 5)),
        ),
        basis=Phrase.of(
            "basis.revenue_share",
            rate="30%",
            count=lines,
            gross=gross.times(lines),
            refunded=Money.zero("USD"),
        ),
    )
