"""Invoices a CPU second, beside a bare reportlab document that sets as many strings in a built-in font.

Run with ``python -m benchmarks.invoice_pdfs``. The ratio says what our layout, fonts and pictures cost on top of
the library itself; it can be compared between machines where the rate cannot.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import time
from collections.abc import Callable

from PIL import Image, ImageDraw
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from app.core.invoice_document import (
    Brand,
    DocumentKind,
    DocumentLine,
    InvoiceDocument,
    Locale,
    Party,
    PaymentInstructions,
)
from app.core.money import Money
from app.core.phrases import Phrase
from app.documents.invoice_pdf import render_invoice

ROUNDS = 3
SECONDS_A_ROUND = 1.5


def logo() -> bytes:
    picture = Image.new("RGBA", (512, 170), (0, 0, 0, 0))
    ImageDraw.Draw(picture).rounded_rectangle((0, 0, 511, 169), 40, fill="#30A46C")
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


LOGO = logo()


def document(lines: int, locale: Locale, serial: int) -> InvoiceDocument:
    """Return an invoice that differs by its serial, as those of a month do."""
    price = Money.of("2.5", "USD")
    total = price.times(92 * lines)
    end, due_on = dt.date(2026, 12, 1), dt.date(2026, 12, 15)
    number = f"TP-2026-{serial:05d}"
    row = DocumentLine(
        Phrase.of("line.active_devices"),
        price.times(92),
        detail=Phrase.of("line.active_devices.detail", count=92, end=end),
        quantity="92",
        unit_price=price,
    )
    card = PaymentInstructions(
        Phrase.of("pay.card"),
        Phrase.of("pay.card.detail", card="Visa ending 4242", charge_on=end),
    )
    alipay = PaymentInstructions(
        Phrase.of("pay.alipay"),
        Phrase.of("pay.alipay.detail", due_on=due_on, number=number),
        qr_payload=f"https://qr.alipay.com/{number}",
    )
    return InvoiceDocument(
        kind=DocumentKind.INVOICE,
        number=number,
        issued_on=end,
        due_on=due_on,
        period_start=dt.date(2026, 11, 1),
        period_end=end,
        currency="USD",
        seller=Party("Turnpike Platform Ltd", ("12 Harbour Street", "Dublin"), "IE"),
        buyer=Party(f"Acme Toys {serial} 星星玩具", ("500 Market Street",), "US"),
        lines=(row,) * lines,
        subtotal=total,
        total=total,
        pay=card if locale is Locale.EN else alipay,
        brand=Brand("Acme Toys", LOGO),
        issuer_brand=Brand("Turnpike"),
        locale=locale,
    )


def bare(strings: int) -> bytes:
    """Set as many strings as an invoice has, sixty-five to a page, in Helvetica."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, pageCompression=1, invariant=1)
    for index in range(strings):
        place = index % 65
        if index and not place:
            canvas.showPage()
        canvas.drawString(50, 800 - place * 12, "Active devices 92 2.50")
    canvas.save()
    return stream.getvalue()


def rate(work: Callable[[int], object], seconds: float) -> float:
    """Return the best rate of three rounds of so many seconds, after a warm-up."""
    work(0)
    best, serial = 0.0, 0
    for _ in range(ROUNDS):
        done, start = 0, time.process_time()
        while (passed := time.process_time() - start) < seconds or not done:
            serial += 1
            done += 1
            work(serial)
        best = max(best, done / passed)
    return best


CASES = (
    ("1 line, by card", 1, Locale.EN, 40),
    ("1 line, Alipay, QR", 1, Locale.ZH_CN, 40),
    ("2,000 lines, English", 2000, Locale.EN, 10_040),
)


def main(*, quick: bool = False) -> None:
    """Print rates and ratios."""
    seconds = 0.1 if quick else SECONDS_A_ROUND
    for name, lines, locale, strings in CASES:
        ours = rate(
            lambda serial, n=lines, to=locale: render_invoice(document(n, to, serial)), seconds
        )
        theirs = rate(lambda _, n=strings: bare(n), seconds)
        size = len(render_invoice(document(lines, locale, 1))) / 1024
        print(
            f"invoice of {name}: {ours:,.1f} a CPU second, {size:.0f} kB; "
            f"bare document {theirs:,.1f}: ratio {ours / theirs:.2f}"
        )


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    main(quick=options.parse_args().quick)
