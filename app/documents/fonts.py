"""The type of every PDF: Inter for Latin, Noto Sans CJK SC for the rest, cut glyph by glyph as they are used.

Both families come as variable fonts from PyPI (OFL), so nothing of the operating system is needed. reportlab
embeds TrueType outlines only and knows no variation, and converting tens of thousands of glyphs up front would
cost a minute. So a face here draws just the glyphs a document uses, at its weight, and keeps them for the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from threading import RLock
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.filterPen import DecomposingFilterPen
from fontTools.pens.roundingPen import RoundingPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont as FontFile
from reportlab.pdfbase import pdfmetrics, ttfonts

from app.documents.sfnt import ASCENT, CAP_HEIGHT, DESCENT, EM, CutGlyph, build

_SIMPLIFIED_CHINESE = 2  # its place in the collection, after JP and KR
_CURVE_ERROR = 1.0  # em units a converted curve may be off; invisible in print


@dataclass(frozen=True, slots=True)
class FaceStyle:
    """One face: its name in the PDF, its weight, and the optical size its Latin is cut for."""

    name: str
    weight: int
    optical_size: int


REGULAR = FaceStyle("Turnpike-Regular", 400, 14)
MEDIUM = FaceStyle("Turnpike-Medium", 500, 14)
DISPLAY = FaceStyle("Turnpike-Display", 600, 28)
STYLES = (REGULAR, MEDIUM, DISPLAY)


_BLANK = CutGlyph(EM // 2)


class _Family(Protocol):
    """Draws characters at a weight."""

    def covers(self, code: int) -> bool: ...
    def cut(self, code: int, style: FaceStyle) -> CutGlyph: ...


class _Inter:
    """Inter, with its tabular figures in the place of the proportional ones."""

    def __init__(self) -> None:
        path = resources.files("fontpkg_inter") / "files" / "Inter[opsz,wght].ttf"
        self._font: Any = FontFile(str(path), lazy=True)
        self._names: dict[int, str] = dict(self._font.getBestCmap())
        tabular = _single_substitutions(self._font, "tnum")
        for digit in b"0123456789":
            self._names[digit] = tabular.get(self._names[digit], self._names[digit])
        self._scale = EM / self._font["head"].unitsPerEm

    def covers(self, code: int) -> bool:
        return code in self._names

    def cut(self, code: int, style: FaceStyle) -> CutGlyph:
        glyphs = _glyph_set(self._font, wght=style.weight, opsz=style.optical_size)
        pen = TTGlyphPen(None)
        scaled = TransformPen(RoundingPen(pen), (self._scale, 0, 0, self._scale, 0, 0))
        glyph = glyphs[self._names[code]]
        glyph.draw(DecomposingFilterPen(scaled, glyphs))
        return _compiled(glyph.width * self._scale, pen)


class _NotoCjk:
    """Noto Sans CJK in its Simplified Chinese forms; covers Traditional Chinese, Japanese and Korean as well."""

    def __init__(self) -> None:
        path = resources.files("manimgx_fonts_cjk") / "NotoSansCJK-VF.otf.ttc"
        self._font: Any = FontFile(str(path), fontNumber=_SIMPLIFIED_CHINESE, lazy=True)
        self._names: dict[int, str] = self._font.getBestCmap()
        for vertical in ("VVAR", "VORG", "vmtx", "vhea"):  # never used, and 15 MB once loaded
            del self._font[vertical]

    def covers(self, code: int) -> bool:
        return code in self._names

    def cut(self, code: int, style: FaceStyle) -> CutGlyph:
        glyphs = _glyph_set(self._font, wght=style.weight)
        pen = TTGlyphPen(None)
        glyph = glyphs[self._names[code]]
        glyph.draw(Cu2QuPen(pen, _CURVE_ERROR, reverse_direction=True))
        return _compiled(glyph.width, pen)


def _compiled(advance: float, pen: TTGlyphPen) -> CutGlyph:
    """Return what a pen drew, ready to be copied into a font file."""
    glyph: Any = pen.glyph()
    if not glyph.numberOfContours:
        return CutGlyph(round(advance))
    outline = glyph.compile(None)
    bounds = (glyph.xMin, glyph.yMin, glyph.xMax, glyph.yMax)
    return CutGlyph(round(advance), outline, bounds, len(glyph.coordinates), glyph.numberOfContours)


def _single_substitutions(font: FontFile, feature: str) -> dict[str, str]:
    """Return what a one-for-one OpenType feature replaces, by glyph name."""
    table = font["GSUB"].table
    indices = {
        index
        for record in table.FeatureList.FeatureRecord
        if record.FeatureTag == feature
        for index in record.Feature.LookupListIndex
    }
    found: dict[str, str] = {}
    for index in sorted(indices):
        for subtable in table.LookupList.Lookup[index].SubTable:
            found.update(getattr(getattr(subtable, "ExtSubTable", subtable), "mapping", {}))
    return found


@lru_cache(maxsize=16)
def _glyph_set(font: FontFile, **location: int) -> Any:
    return font.getGlyphSet(location=location)


class GlyphBank:
    """Every glyph cut so far, shared by all documents of the process."""

    def __init__(self) -> None:
        self._lock = RLock()  # the font files read lazily, which two threads must not do at once
        self._families: list[_Family] = []
        self._cut: dict[tuple[FaceStyle, int], CutGlyph] = {}
        self._covered: dict[int, _Family | None] = {}

    def family_of(self, code: int) -> _Family | None:
        """Return the first family that has the character; the large one is opened only when it is asked."""
        if code in self._covered:
            return self._covered[code]
        with self._lock:
            for index, opens in enumerate((_Inter, _NotoCjk)):
                if index == len(self._families):
                    self._families.append(opens())
                if self._families[index].covers(code):
                    return self._covered.setdefault(code, self._families[index])
            return self._covered.setdefault(code, None)

    def glyph(self, code: int, style: FaceStyle) -> CutGlyph:
        """Return a character at a style; a blank where no family has it (`typeset.clean` marks those)."""
        found = self._cut.get((style, code))
        if found is None:
            family = self.family_of(code)
            with self._lock:
                found = family.cut(code, style) if family else _BLANK
                self._cut[style, code] = found
        return found


class _Coverage:
    """Answers reportlab's question whether the face has a character, without a table of all of them."""

    def __init__(self, bank: GlyphBank) -> None:
        self._bank = bank

    def __contains__(self, code: int) -> bool:
        return self._bank.family_of(code) is not None


class CutFace(ttfonts.TTFontFace):
    """A typeface for reportlab that is made of cut glyphs instead of a file."""

    subfontNameX = b""  # noqa: N815 - reportlab's name
    italicAngle = 0  # noqa: N815 - reportlab's name

    def __init__(self, style: FaceStyle, bank: GlyphBank) -> None:
        pdfmetrics.TypeFace.__init__(self, None)
        self.style = style
        self.bank = bank
        self.name = style.name.encode()
        self.filename = style.name
        self.charToGlyph = _Coverage(bank)
        self.defaultWidth = bank.glyph(0, style).advance
        self.ascent, self.descent, self.capHeight = ASCENT, DESCENT, CAP_HEIGHT
        self.bbox = [-750, -280, 2600, 1120]
        self.flags = ttfonts.FF_NONSYMBOLIC
        self.stemV = 50 + (style.weight // 65) ** 2

    def getCharWidth(self, code: int) -> int:  # noqa: N802 - reportlab's name
        """Return an advance in thousandths of the size."""
        return self.bank.glyph(code, self.style).advance

    def makeSubset(self, subset: Sequence[int]) -> bytes:  # noqa: N802 - reportlab's name
        """Return a TrueType font whose character codes are the positions in ``subset``."""
        return build([self.bank.glyph(code, self.style) for code in subset])


class CutFont(ttfonts.TTFont):
    """A font reportlab embeds as subsets, one set a document."""

    def __init__(self, style: FaceStyle, bank: GlyphBank) -> None:
        self.fontName = style.name
        self.face = CutFace(style, bank)
        self.encoding = ttfonts.TTEncoding()
        self.state = WeakKeyDictionary()
        self._asciiReadable = False
        self._shapable = False
        self._widths: dict[str, int] = {}

    def stringWidth(self, text: str, size: float, encoding: str = "utf8") -> float:  # noqa: ARG002, N802 - reportlab's
        """Return the length of a text in points."""
        widths = self._widths
        units = 0
        for char in text:
            if char not in widths:
                widths[char] = self.face.getCharWidth(ord(char))
            units += widths[char]
        return units * size / EM


@lru_cache(maxsize=1)
def faces() -> dict[str, CutFont]:
    """Make the three faces known to reportlab, once a process, and return them by name."""
    bank = GlyphBank()
    made = {style.name: CutFont(style, bank) for style in STYLES}
    for font in made.values():
        pdfmetrics.registerFont(font)
    return made
