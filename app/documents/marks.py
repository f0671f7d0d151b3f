"""Pictures on a page: logos, the mark of a brand without one, and QR codes."""

from __future__ import annotations

import io
import zlib

import segno
from PIL import Image
from reportlab.lib.utils import ImageReader

from app.core.invoice_document import Brand
from app.documents import palette
from app.documents.fonts import DISPLAY
from app.documents.typeset import Pen, Type, clean

PRODUCT = "Turnpike"
_GATE = ((4.5, 6.5, 15.5, 6.5), (10, 6.5, 10, 14.5), (6, 10.5, 8, 10.5), (12, 10.5, 14, 10.5))
_DOTS_PER_POINT = 220 / 72
_PHOTO_BYTES = (
    24 * 1024
)  # a lossless picture larger than this is a photograph, and JPEG suits it better


def logo(pen: Pen, png: bytes, *, right: float, top: float, width: float, height: float) -> float:
    """Draw a logo into a box, against its right edge, and return the width it took."""
    with Image.open(io.BytesIO(png)) as opened:
        picture = opened.convert("RGBA")
    scale = min(width / picture.width, height / picture.height)
    drawn_width, drawn_height = picture.width * scale, picture.height * scale
    pen.canvas.drawImage(
        _printable(picture, drawn_width),
        right - drawn_width,
        pen.height - top - drawn_height,
        drawn_width,
        drawn_height,
    )
    return drawn_width


def _printable(picture: Image.Image, width: float) -> ImageReader:
    """Return the picture on white, no finer than print needs, so that a document stays small."""
    wanted = round(width * _DOTS_PER_POINT)
    if picture.width > wanted:
        ratio = wanted / picture.width
        picture = picture.resize(
            (wanted, max(1, round(picture.height * ratio))), Image.Resampling.LANCZOS
        )
    flat = Image.new("RGB", picture.size, "white")
    flat.paste(picture, mask=picture.getchannel("A"))
    if len(zlib.compress(flat.tobytes(), 1)) <= _PHOTO_BYTES:
        return ImageReader(flat)
    stream = io.BytesIO()
    flat.save(stream, "JPEG", quality=88)
    stream.seek(0)
    return ImageReader(stream)


def brand_mark(pen: Pen, brand: Brand, *, left: float, top: float, size: float) -> None:
    """Draw the mark of a brand without a logo on a rounded square: the product's own, or a first letter."""
    bottom = pen.height - top - size
    pen.fill(palette.ACCENT)
    pen.canvas.roundRect(left, bottom, size, size, size / 4, stroke=0, fill=1)
    if clean(brand.name) == PRODUCT:
        _gate(pen, left, bottom, size / 20)
        return
    letter = clean(brand.name)[:1].upper() or "T"
    kind = Type(DISPLAY, size * 0.58, size, palette.PAPER)
    pen.text(left + (size - kind.width(letter)) / 2, top + size * 0.71, letter, kind)


def _gate(pen: Pen, left: float, bottom: float, unit: float) -> None:
    """Draw a gate across a road, the strokes of ``assets/favicon.svg``, on its grid of 20 units."""
    path = pen.canvas.beginPath()
    for x, y, end_x, end_y in _GATE:
        path.moveTo(left + x * unit, bottom + (20 - y) * unit)
        path.lineTo(left + end_x * unit, bottom + (20 - end_y) * unit)
    pen.canvas.saveState()
    pen.canvas.setStrokeColorRGB(*palette.PAPER)
    pen.canvas.setLineWidth(2 * unit)
    pen.canvas.setLineCap(1)
    pen.canvas.drawPath(path, stroke=1, fill=0)
    pen.canvas.restoreState()


def qr_code(pen: Pen, payload: str, *, left: float, top: float, size: float) -> None:
    """Draw a QR code to the edges of a square; the caller keeps four modules around it white."""
    rows = [bytes(row) for row in segno.make_qr(payload, error="m").matrix]
    module = size / len(rows)
    boxes: list[tuple[float, float, float, float]] = []
    for index, row in enumerate(rows):
        start = 0
        while (start := row.find(b"\1", start)) >= 0:
            end = row.find(b"\0", start) % (len(row) + 1)
            boxes.append(
                (left + start * module, top + index * module, (end - start) * module, module)
            )
            start = end
    pen.boxes(boxes, palette.BLACK)
