"""Writes the small TrueType files that a PDF embeds: glyph outlines by character code, and nothing else.

Table layouts: OpenType specification, chapters ``head``, ``hhea``, ``maxp``, ``hmtx``, ``cmap``, ``loca``, ``glyf``.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

EM = 1000
"""Units per em of every face, as PDF counts glyph widths."""

ASCENT, DESCENT, CAP_HEIGHT = 969, -242, 727
"""Vertical measures of Inter, which sets the line for both families."""

_MAGIC = 0x5F0F3CF5
_CHECKSUM_TOTAL = 0xB1B0AFBA


@dataclass(frozen=True, slots=True)
class CutGlyph:
    """A glyph at one weight: its advance, its TrueType outline as bytes, and what ``maxp`` and ``head`` want to know.

    ``bounds`` are left, bottom, right and top, in em units.
    """

    advance: int
    outline: bytes = b""
    bounds: tuple[int, int, int, int] = (0, 0, 0, 0)
    points: int = 0
    contours: int = 0


def build(glyphs: Sequence[CutGlyph]) -> bytes:
    """Return a font whose character codes are the positions of the glyphs."""
    outlines = [glyph.outline + b"\0" * (-len(glyph.outline) % 4) for glyph in glyphs]
    offsets = [0]
    for outline in outlines:
        offsets.append(offsets[-1] + len(outline))
    count = len(glyphs)
    return _assemble(
        {
            b"cmap": _cmap(count),
            b"glyf": b"".join(outlines),
            b"head": _head(glyphs),
            b"hhea": _hhea(glyphs),
            b"hmtx": b"".join(struct.pack(">Hh", each.advance, each.bounds[0]) for each in glyphs),
            b"loca": struct.pack(f">{count + 1}L", *offsets),
            b"maxp": _maxp(glyphs),
        }
    )


def _cmap(count: int) -> bytes:
    """Map code to glyph one to one, in a Macintosh table as PDF's symbolic fonts want it (format 6)."""
    header = struct.pack(">HHHHL", 0, 1, 1, 0, 12)
    body = struct.pack(f">HHHHH{count}H", 6, 10 + 2 * count, 0, 0, count, *range(count))
    return header + body


def _head(glyphs: Sequence[CutGlyph]) -> bytes:
    left, bottom, right, top = _bounds(glyphs)
    return struct.pack(
        ">LLLLHHqqhhhhHHhhh",
        0x00010000, 0x00010000, 0, _MAGIC, 3, EM, 0, 0,
        left, bottom, right, top, 0, 8, 2, 1, 0,
    )  # fmt: skip


def _hhea(glyphs: Sequence[CutGlyph]) -> bytes:
    left, _, right, _ = _bounds(glyphs)
    widest = max(glyph.advance for glyph in glyphs)
    return struct.pack(
        ">LhhhHhhhhhhhhhhhH",
        0x00010000, ASCENT, DESCENT, 0, widest, left, 0, right, 1, 0, 0, 0, 0, 0, 0, 0, len(glyphs),
    )  # fmt: skip


def _maxp(glyphs: Sequence[CutGlyph]) -> bytes:
    points = max(glyph.points for glyph in glyphs)
    contours = max(glyph.contours for glyph in glyphs)
    return struct.pack(
        ">L14H", 0x00010000, len(glyphs), points, contours, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0
    )


def _bounds(glyphs: Sequence[CutGlyph]) -> tuple[int, int, int, int]:
    lefts, bottoms, rights, tops = zip(*(glyph.bounds for glyph in glyphs), strict=True)
    return min(lefts), min(bottoms), max(rights), max(tops)


def _assemble(tables: dict[bytes, bytes]) -> bytes:
    """Put a table directory before the tables and set the checksum of the whole."""
    count = len(tables)
    power = count.bit_length() - 1
    search = 16 << power
    out = [struct.pack(">LHHHH", 0x00010000, count, search, power, count * 16 - search)]
    at = 12 + 16 * count
    for tag in sorted(tables):
        size = len(tables[tag])
        out.append(struct.pack(">4sLLL", tag, _checksum(tables[tag]), at, size))
        at += size + (-size % 4)
    head_at = (
        12
        + 16 * count
        + sum(len(tables[tag]) + (-len(tables[tag]) % 4) for tag in sorted(tables) if tag < b"head")
    )
    out += [tables[tag] + b"\0" * (-len(tables[tag]) % 4) for tag in sorted(tables)]
    font = bytearray(b"".join(out))
    adjustment = (_CHECKSUM_TOTAL - _checksum(bytes(font))) & 0xFFFFFFFF
    struct.pack_into(">L", font, head_at + 8, adjustment)
    return bytes(font)


def _checksum(data: bytes) -> int:
    padded = data + b"\0" * (-len(data) % 4)
    return sum(struct.unpack(f">{len(padded) // 4}L", padded)) & 0xFFFFFFFF
