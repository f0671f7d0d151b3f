from __future__ import annotations

import io

import pytest
from fontTools.ttLib import TTFont

from app.documents.fonts import DISPLAY, MEDIUM, REGULAR, STYLES, FaceStyle, GlyphBank, faces
from app.documents.sfnt import build

bank = GlyphBank()


@pytest.mark.parametrize("style", STYLES)
def test_all_figures_are_equally_wide(style: FaceStyle) -> None:
    assert len({bank.glyph(ord(figure), style).advance for figure in "0123456789"}) == 1


@pytest.mark.parametrize("char", "éžŁ¥€−小镕喆堃，日本語한")
def test_names_of_many_languages_have_outlines(char: str) -> None:
    assert bank.glyph(ord(char), REGULAR).contours > 0


def test_a_heavier_style_has_other_outlines() -> None:
    outlines = {bank.glyph(ord("中"), style).outline for style in (REGULAR, MEDIUM, DISPLAY)}
    assert len(outlines) == 3


def test_a_character_no_family_has_is_blank() -> None:
    assert bank.family_of(0x1F642) is None
    assert bank.glyph(0x1F642, REGULAR).outline == b""


def test_latin_alone_never_opens_the_large_family() -> None:
    fresh = GlyphBank()
    for char in "Invoice 42":
        fresh.glyph(ord(char), REGULAR)
    assert len(fresh._families) == 1


def test_a_glyph_is_cut_once() -> None:
    assert bank.glyph(ord("玩"), REGULAR) is bank.glyph(ord("玩"), REGULAR)


def test_text_is_as_long_as_its_glyphs() -> None:
    width = faces()[REGULAR.name].stringWidth("231", 10)
    assert width == pytest.approx(3 * bank.glyph(ord("2"), REGULAR).advance / 100)


def test_a_built_font_is_read_by_an_independent_reader() -> None:
    glyphs = [bank.glyph(code, REGULAR) for code in (0, ord("A"), ord("中"), ord(" "))]
    data = build(glyphs)
    font = TTFont(io.BytesIO(data), checkChecksums=2)
    assert font["maxp"].numGlyphs == 4
    names = font.getGlyphOrder()
    assert font["cmap"].tables[0].cmap == {code: names[code] for code in range(1, 4)}
    assert [font["hmtx"][name][0] for name in names] == [glyph.advance for glyph in glyphs]
    outline = font["glyf"][names[2]]
    assert (outline.xMin, outline.yMin, outline.xMax, outline.yMax) == glyphs[2].bounds
    assert outline.numberOfContours == glyphs[2].contours
    assert font["glyf"][names[3]].numberOfContours == 0


def test_equal_glyphs_build_equal_fonts() -> None:
    glyphs = [bank.glyph(ord(char), MEDIUM) for char in "账单 TP"]
    assert build(glyphs) == build(list(glyphs))
