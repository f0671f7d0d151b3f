from __future__ import annotations

import datetime as dt
import hashlib
import io
import os
import re
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import segno
from PIL import Image
from pypdf import PageObject, PdfReader
from pypdf.generic import ContentStream

from app.core.invoice_document import (
    Brand,
    DocumentKind,
    DocumentLine,
    InvoiceDocument,
    Locale,
    Paper,
    PaymentInstructions,
)
from app.core.money import Money
from app.documents.fonts import faces
from app.documents.invoice_pdf import render_invoice, render_statement
from app.documents.texts import words
from tests.documents import samples

ROOT = Path(__file__).parents[2]
MANY = 2000
SAMPLES = {
    "acme": samples.acme_invoice,
    "xingxing": samples.xingxing_invoice,
    "credit": samples.credit_note,
    "statement": lambda: samples.long_statement(40),
}


def read(doc: InvoiceDocument) -> PdfReader:
    return PdfReader(io.BytesIO(render_invoice(doc)))


def text_of(doc: InvoiceDocument) -> str:
    return "\n".join(page.extract_text() for page in read(doc).pages)


def outside(page: PageObject) -> list[str]:
    """Return the strings that do not lie within the margins of a page."""
    found: list[str] = []
    right, top = float(page.mediabox.width) - 50, float(page.mediabox.height) - 36

    def visit(text: str, _: list[float], at: list[float], font: Any, size: float) -> None:
        if not text.strip():
            return
        face = faces()[str(font["/BaseFont"]).partition("+")[2]]
        end = at[4] + face.stringWidth(text.strip(), size)
        if not (at[4] > 50 and end < right and 30 < at[5] < top):
            found.append(text)

    page.extract_text(visitor_text=visit)
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_everything_lies_within_the_margins(name: str) -> None:
    assert [outside(page) for page in read(SAMPLES[name]()).pages if outside(page)] == []


@cache
def long_pages() -> list[str]:
    """Return the text of every page of a statement of 2,000 lines."""
    data = render_statement(samples.long_statement(MANY))
    return [page.extract_text() for page in PdfReader(io.BytesIO(data)).pages]


@pytest.mark.parametrize("name", SAMPLES)
def test_the_same_document_gives_the_same_bytes(name: str) -> None:
    assert render_invoice(SAMPLES[name]()) == render_invoice(SAMPLES[name]())


def test_another_process_gives_the_same_bytes() -> None:
    program = (
        "import hashlib\n"
        "from app.documents.invoice_pdf import render_invoice\n"
        "from tests.documents import samples\n"
        "for doc in (samples.acme_invoice(), samples.xingxing_invoice()):\n"
        "    print(hashlib.sha256(render_invoice(doc)).hexdigest())\n"
    )
    mine = [
        hashlib.sha256(render_invoice(doc)).hexdigest()
        for doc in (samples.acme_invoice(), samples.xingxing_invoice())
    ]
    environment = {**os.environ, "PYTHONHASHSEED": "1", "TZ": "Asia/Shanghai"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == mine


def test_what_was_drawn_before_does_not_matter() -> None:
    before = render_invoice(samples.acme_invoice())
    render_invoice(samples.xingxing_invoice())
    assert render_invoice(samples.acme_invoice()) == before


def test_a_different_amount_gives_different_bytes() -> None:
    doc = samples.acme_invoice()
    assert render_invoice(replace(doc, total=Money.of("232", "USD"))) != render_invoice(doc)


def test_an_english_invoice_says_everything_it_must() -> None:
    text = text_of(samples.acme_invoice())
    for part in (
        "Invoice", "TP-2026-00042", "1 Dec 2026", "15 Dec 2026", "1–30 Nov 2026",
        "Turnpike Platform Ltd", "IE1234567FA", "Acme Toys Inc.", "San Francisco, CA 94105",
        "United States", "12-3456789", "Active devices", "92", "$2.50", "$230.00", "$1.00",
        "Tax 0%", "Reverse charge", "$231.00", "Visa ending 4242", "Page 1 of 1",
        "92 active devices × $2.50 a month = $230.00",
    ):  # fmt: skip
        assert part in text, part


def test_a_chinese_invoice_shows_chinese_names_and_amounts() -> None:
    text = text_of(samples.xingxing_invoice())
    for part in (
        "账单", "星星玩具（深圳）有限公司", "广东省深圳市南山区科技园南路", "2026年12月15日", "2026年11月1日–30日",
        "¥17.6375", "¥16,420.50", "¥985.23", "¥17,405.73", "支付宝", "第 1 页，共 1 页",
    ):  # fmt: skip
        assert part in text, part


def test_the_metadata_names_the_document() -> None:
    reader = read(samples.xingxing_invoice())
    assert reader.metadata is not None
    assert reader.metadata.title == "账单 TP-2026-00043"
    assert reader.metadata.author == "Turnpike Platform Ltd"
    assert reader.metadata.creation_date == dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    assert reader.trailer["/Root"]["/Lang"] == "zh-CN"
    assert str(reader.trailer["/Root"]["/ViewerPreferences"]["/DisplayDocTitle"]).lower() == "true"


@pytest.mark.parametrize("name", SAMPLES)
def test_every_font_is_embedded(name: str) -> None:
    for page in read(SAMPLES[name]()).pages:
        fonts = page["/Resources"]["/Font"]
        for font in (fonts[key] for key in fonts):
            assert font["/FontDescriptor"]["/FontFile2"]
            assert "/ToUnicode" in font
            assert "Turnpike-" in font["/BaseFont"]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_usual_document_is_small(name: str) -> None:
    assert len(render_invoice(SAMPLES[name]())) < 60_000


@pytest.mark.parametrize(("paper", "size"), [(Paper.A4, (595, 842)), (Paper.LETTER, (612, 792))])
def test_the_paper_is_the_one_asked_for(paper: Paper, size: tuple[int, int]) -> None:
    box = read(replace(samples.acme_invoice(), paper=paper)).pages[0].mediabox
    assert (round(box.width), round(box.height)) == size


def test_a_credit_note_names_the_invoice_it_corrects() -> None:
    text = text_of(samples.credit_note())
    assert "Credit note" in text
    assert "Corrects invoice\nTP-2026-00042" in text
    assert "Total credited" in text
    assert "$25.00 credited" in text


def test_two_thousand_lines_fill_pages_with_head_and_number() -> None:
    pages = long_pages()
    assert len(pages) > 50
    for number, text in enumerate(pages[:-1], start=1):
        assert f"Page {number} of {len(pages)}" in text
        assert "Payment received" in text
        if number > 1:
            assert "Revenue share statement TPS-2026-00007" in text
    assert "Total payout" in pages[-1] + pages[-2]


def test_two_thousand_lines_are_all_there_once() -> None:
    text = "\n".join(long_pages())
    devices = [word.strip(",") for word in text.split() if word.startswith("SN-")]
    assert devices == [f"SN-{index:05d}" for index in range(MANY)]


def test_two_thousand_lines_need_little_memory() -> None:
    doc = samples.long_statement(MANY)
    render_invoice(samples.acme_invoice())
    tracemalloc.start()
    try:
        render_invoice(doc)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 48 * 1024 * 1024


def test_only_a_statement_is_rendered_as_a_statement() -> None:
    with pytest.raises(ValueError, match="invoice"):
        render_statement(samples.acme_invoice())


def test_hostile_text_stays_on_the_paper() -> None:
    hostile = "<script>\r\n/JavaScript (x) Tj ET \\) >> endobj \u202e" + "W" * 400
    doc = samples.acme_invoice()
    doc = replace(
        doc,
        number="TP-1) Tj",
        buyer=replace(doc.buyer, name=hostile, address=(hostile,) * 20),
        brand=Brand(hostile),
        issuer_brand=Brand(hostile),
        reference=hostile,
        basis=hostile * 30,
        lines=(DocumentLine(hostile * 30, doc.total, detail=hostile, quantity=hostile),) * 3,
        pay=PaymentInstructions(hostile, hostile * 5, link="https://example.com/(x)"),
    )
    reader = read(doc)
    assert len(reader.pages) > 1
    for page in reader.pages:
        assert "/JS" not in page
        assert outside(page) == []
    assert "<script>" in reader.pages[0].extract_text()


def test_a_row_of_many_lines_goes_on_across_pages() -> None:
    doc = samples.acme_invoice()
    sentence = " ".join(f"word{index}" for index in range(3000))
    doc = replace(doc, lines=(DocumentLine(sentence, doc.total),))
    text = text_of(doc)
    assert re.findall(r"word(\d+)", text) == [str(index) for index in range(3000)]


def test_no_lines_at_all_still_make_a_document() -> None:
    text = text_of(replace(samples.acme_invoice(), lines=()))
    assert "$231.00" in text


def test_a_photograph_is_kept_small() -> None:
    noise = Image.effect_noise((512, 512), 90).convert("RGB")
    stream = io.BytesIO()
    noise.save(stream, "PNG")
    doc = replace(samples.acme_invoice(), brand=Brand("Acme Toys", stream.getvalue()))
    assert len(stream.getvalue()) > 200_000
    assert len(render_invoice(doc)) < 60_000


def test_the_code_is_the_one_that_was_asked_for() -> None:
    doc = samples.xingxing_invoice()
    reader = read(doc)
    operations = ContentStream(reader.pages[0].get_contents(), reader).operations
    cells = [operands for operands, operator in operations if operator == b"re"]
    assert doc.pay is not None
    matrix = segno.make_qr(doc.pay.qr_payload, error="m").matrix
    module = 78 / len(matrix)
    drawn = sum(round(float(width) / module) for _, _, width, _ in cells)
    assert drawn == sum(sum(row) for row in matrix)


def test_the_way_to_pay_can_be_clicked() -> None:
    page = read(samples.acme_invoice()).pages[0]
    actions = [annotation.get_object()["/A"]["/URI"] for annotation in page["/Annots"]]
    assert actions == ["https://portal.example.com/vendor/invoices/TP-2026-00042"]


@pytest.mark.parametrize("size", [(512, 512), (512, 40), (40, 512), (16, 16)])
def test_a_logo_is_drawn_within_forty_millimetres(size: tuple[int, int]) -> None:
    doc = replace(samples.acme_invoice(), brand=Brand("Acme Toys", samples.logo_png(*size)))
    reader = read(doc)
    page = reader.pages[0]
    assert len(page.images) == 1
    widths = [
        float(operands[0])
        for operands, operator in ContentStream(page.get_contents(), reader).operations
        if operator == b"cm" and float(operands[0]) != 1
    ]
    assert widths
    assert all(width <= 40 * 72 / 25.4 for width in widths)


def test_a_brand_without_a_logo_shows_its_first_letter() -> None:
    doc = replace(samples.acme_invoice(), issuer_brand=Brand("Example Platform"))
    assert read(doc).pages[0].extract_text().startswith("E")


def test_our_own_logo_takes_the_place_of_the_mark() -> None:
    doc = replace(samples.acme_invoice(), issuer_brand=Brand("Turnpike", samples.logo_png()))
    page = read(doc).pages[0]
    assert len(page.images) == 2
    assert page.extract_text().startswith("Invoice")


@pytest.mark.parametrize("locale", Locale)
@pytest.mark.parametrize("kind", DocumentKind)
def test_every_kind_has_its_title_in_every_language(kind: DocumentKind, locale: Locale) -> None:
    doc = replace(samples.acme_invoice(), kind=kind, locale=locale)
    assert words(locale).text(f"pdf.{kind.value}.title") in text_of(doc)
