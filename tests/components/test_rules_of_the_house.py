"""What holds for the whole design system: its layers, its words, its stylesheets."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from fontTools import ttLib

from components import badges, code, figures, tables, theme

ROOT = Path(__file__).resolve().parents[2]
WIDGETS = sorted((ROOT / "components").glob("*.py"))
STYLES = [ROOT / "assets" / sheet.lstrip("/") for sheet in theme.STYLESHEETS]


@pytest.mark.parametrize("path", WIDGETS, ids=lambda path: path.name)
def test_a_widget_knows_no_state_and_stays_short(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        assert not [name for name in names if name.split(".")[0] in {"app", "state", "models"}]
    assert len(path.read_text().splitlines()) <= 300


def test_every_stylesheet_stands_in_the_assets() -> None:
    assert [sheet for sheet in STYLES if not sheet.is_file()] == []


def test_what_the_head_asks_for_is_there() -> None:
    asked = re.findall(r'(?:href|src):"(/[^"]+)"', "".join(str(tag) for tag in theme.head()))
    assert len(asked) >= 3
    assert [path for path in asked if not (ROOT / "assets" / path.lstrip("/")).is_file()] == []


def test_every_token_that_is_used_is_defined() -> None:
    css = "\n".join(sheet.read_text() for sheet in STYLES)
    python = "\n".join(path.read_text() for path in WIDGETS)
    defined = set(re.findall(r"(--[\w-]+):", css)) | set(re.findall(r'"(--[\w-]+)":', python))
    with_fallback = set(re.findall(r"var\((--[\w-]+),", css))
    assert set(re.findall(r"var\((--[\w-]+)", css)) - with_fallback - defined == set()


def test_the_fonts_weigh_less_than_400_kb_and_carry_their_licence() -> None:
    fonts = ROOT / "assets" / "fonts"
    assert sum(path.stat().st_size for path in fonts.glob("*.woff2")) < 400_000
    assert "SIL Open Font License" in (fonts / "OFL.txt").read_text()


def test_the_stylesheet_colours_every_state_as_the_vocabulary_says() -> None:
    css = (ROOT / "assets/css/data.css").read_text()
    for tone in ("good", "warn", "bad", "accent"):
        rule = re.search(rf"^\.badge-{tone}, .*$", css, re.MULTILINE)
        assert rule
        coloured = set(re.findall(r'data-state="(\w+)"', rule.group()))
        assert coloured == {state for state, (_, its) in badges.STATES.items() if its == tone}


@pytest.mark.parametrize(
    ("number", "size", "total", "text", "back", "on"),
    [
        (1, 25, 1530, "1–25 / 1,530", False, True),
        (62, 25, 1530, "1,526–1,530 / 1,530", True, False),
        (1, 25, 0, "", False, False),
        (1, 25, 25, "1–25 / 25", False, False),
    ],
)
def test_a_page_says_which_part_of_the_list_it_is(
    number: int, size: int, total: int, text: str, back: bool, on: bool
) -> None:
    assert tables.PageInfo.of(number, size, total) == tables.PageInfo(text, number, back, on)


def test_a_short_identifier_stays_whole() -> None:
    assert code.shorten("SN-0001") == "SN-0001"
    assert code.shorten("d481ea00112233442624") == "d481ea…2624"


def test_a_sparkline_spans_its_box_and_needs_two_points() -> None:
    assert figures.spark_path([5]) == ""
    assert figures.spark_path([0, 10]) == "M0 300L1000 20"
    assert figures.spark_path([3, 3]) == "M0 300L1000 300"


@pytest.mark.parametrize("part", ["latin", "latin-ext"])
def test_tabular_figures_are_figures_and_nothing_else(part: str) -> None:
    """The whole page asks for figures of one width; a comma or hyphen of that width tears words apart."""
    path = ROOT / "assets" / "fonts" / f"inter-{part}-wght-normal.woff2"
    font = ttLib.TTFont(path)
    names = {name: chr(code) for code, name in font.getBestCmap().items()}
    table = font["GSUB"].table
    widened = {
        names.get(glyph, glyph)
        for record in table.FeatureList.FeatureRecord
        if record.FeatureTag == "tnum"
        for index in record.Feature.LookupListIndex
        for part_table in table.LookupList.Lookup[index].SubTable
        for glyph in getattr(part_table, "ExtSubTable", part_table).mapping
    }
    assert widened == (set("0123456789") if part == "latin" else set())
