"""Sets text on a page: cleaning what customers typed, breaking lines, and drawing them fast."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from app.documents.fonts import FaceStyle, faces

_UNKNOWN = "□"  # what stands for a character that no font of ours has
_SHORT_NUMBER = re.compile(r"(?<![^ (])\d{1,2} $")
_NOT_FIRST = frozenset("，。、；：？！）」』】》〉’”…—·.,;:?!)]}%")
_NOT_LAST = frozenset("（「『【《〈‘“([{$¥€£")


Ink = tuple[float, float, float]
"""Red, green and blue, each from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Type:
    """A way of setting text: face, size and the distance from line to line, in points, and its colour."""

    face: FaceStyle
    size: float
    leading: float
    ink: Ink

    def width(self, text: str) -> float:
        """Return the length of a text in points."""
        return faces()[self.face.name].stringWidth(text, self.size)


@lru_cache(maxsize=8192)
def clean(text: str) -> str:
    """Return text fit for a line: one space for any white space, no control or direction marks, no unknown glyphs."""
    coverage = next(iter(faces().values())).face.charToGlyph
    kept: list[str] = []
    for char in unicodedata.normalize("NFC", text):
        if char.isspace():
            kept.append(" ")
        elif unicodedata.category(char)[0] == "C" or char in "\ufe0e\ufe0f":
            continue
        elif ord(char) in coverage:
            kept.append(char)
        elif not kept or kept[-1] != _UNKNOWN:
            kept.append(_UNKNOWN)
    return " ".join("".join(kept).split())


def wrap(text: str, kind: Type, width: float) -> list[str]:
    """Break a text into lines no wider than ``width``; a word longer than a line is broken inside."""
    lines: list[str] = []
    line = ""
    for piece in _pieces(clean(text)):
        joined = line + piece
        if kind.width(joined.rstrip()) <= width:
            line = joined
            continue
        if line.strip():
            lines.append(line.rstrip())
        line = piece.lstrip()
        while kind.width(line.rstrip()) > width and len(line) > 1:
            fits = _longest_fit(line, kind, width)
            lines.append(line[:fits])
            line = line[fits:]
    if line.strip():
        lines.append(line.rstrip())
    return lines


def shorten(text: str, kind: Type, width: float) -> str:
    """Return a text on one line, cut with an ellipsis where it does not fit."""
    whole = clean(text)
    if kind.width(whole) <= width:
        return whole
    fits = _longest_fit(whole, kind, width - kind.width("…"))
    return whole[:fits].rstrip() + "…"


def _longest_fit(text: str, kind: Type, width: float) -> int:
    """Return how many characters fit, at least one."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if kind.width(text[:middle]) <= width:
            low = middle
        else:
            high = middle - 1
    return low


def _pieces(text: str) -> list[str]:
    """Cut where a line may end: after spaces and hyphens, and between CJK characters that may part.

    A short number stays with the word behind it: "1 Mar", "30 days".
    """
    pieces: list[str] = []
    start = 0
    for index in range(1, len(text)):
        before, after = text[index - 1], text[index]
        wide = _is_wide(before) or _is_wide(after)
        may_part = (before == " " and not _SHORT_NUMBER.search(text, max(0, index - 4), index)) or (
            after != " "
            and (wide or (before in "-/" and after.isalnum()))
            and after not in _NOT_FIRST
            and before not in _NOT_LAST
        )
        if may_part:
            pieces.append(text[start:index])
            start = index
    return [*pieces, text[start:]] if text else []


@lru_cache(maxsize=8192)
def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


class Pen:
    """Draws on one reportlab canvas, with coordinates from the top left corner.

    A document of 2,000 lines sets ten thousand strings, so text and rules are written as PDF operators that repeat
    nothing: a font or a colour is named only when it changes.
    """

    def __init__(self, canvas: Any, height: float) -> None:
        self.canvas = canvas
        self.height = height
        self._put = canvas._code.append  # the operators of the page so far
        self._font = ("", 0.0)
        self._ink: Ink | None = None
        self._stroke: tuple[Ink, float] | None = None

    def fill(self, ink: Ink) -> None:
        """Choose the colour of what is filled next, text included."""
        if ink != self._ink:
            self._ink = ink
            self._put("{:.4g} {:.4g} {:.4g} rg".format(*ink))

    def text(self, x: float, y: float, text: str, kind: Type) -> None:
        """Set a line with its baseline ``y`` points below the top edge."""
        self.fill(kind.ink)
        font, document = faces()[kind.face.name], self.canvas._doc
        self._put(f"BT 1 0 0 1 {x:.2f} {self.height - y:.2f} Tm")
        for subset, codes in font.splitString(text, document):
            chosen = (font.getSubsetInternalName(subset, document), kind.size)
            if chosen != self._font:
                self._font = chosen
                self._put(f"{chosen[0]} {chosen[1]:g} Tf")
            self._put(f"<{codes.hex()}> Tj")
        self._put("ET")

    def right(self, x: float, y: float, text: str, kind: Type) -> None:
        """Set a line that ends at ``x``."""
        self.text(x - kind.width(text), y, text, kind)

    def lines(self, x: float, y: float, lines: Sequence[str], kind: Type) -> float:
        """Set lines one below the other, the first baseline at ``y``; return where the next would stand."""
        for line in lines:
            self.text(x, y, line, kind)
            y += kind.leading
        return y

    def rule(self, left: float, right: float, y: float, ink: Ink, width: float) -> None:
        """Draw a horizontal line."""
        if self._stroke != (ink, width):
            self._stroke = (ink, width)
            self._put("{:.4g} {:.4g} {:.4g} RG".format(*ink) + f" {width:g} w")
        self._put(f"{left:.2f} {self.height - y:.2f} m {right:.2f} {self.height - y:.2f} l S")

    def boxes(self, boxes: Iterable[tuple[float, float, float, float]], ink: Ink) -> None:
        """Fill rectangles, each given by left, top, width and height."""
        self.fill(ink)
        for left, top, width, height in boxes:
            self._put(f"{left:.3f} {self.height - top - height:.3f} {width:.3f} {height:.3f} re")
        self._put("f")
