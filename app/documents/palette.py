"""The colours and the type scale of paper: slate greys, one accent, the faces of `fonts`."""

from __future__ import annotations

from app.documents.fonts import DISPLAY, MEDIUM, REGULAR
from app.documents.typeset import Ink, Type


def _ink(code: str) -> Ink:
    return (int(code[0:2], 16) / 255, int(code[2:4], 16) / 255, int(code[4:6], 16) / 255)


TEXT = _ink("1c2024")
QUIET = _ink("60646c")
HAIRLINE = _ink("d9d9e0")
ACCENT = _ink("3e63dd")
LINK = _ink("3a5bc7")
BLACK = _ink("000000")
PAPER = _ink("ffffff")

TITLE = Type(DISPLAY, 22, 28, TEXT)
HEADLINE = Type(DISPLAY, 15, 21, TEXT)
TOTAL = Type(DISPLAY, 11, 15, TEXT)
HEADING = Type(DISPLAY, 9, 13, TEXT)
STRONG = Type(MEDIUM, 9, 13, TEXT)
BODY = Type(REGULAR, 9, 13, TEXT)
QUIET_BODY = Type(REGULAR, 9, 13, QUIET)
SMALL = Type(REGULAR, 8, 11.5, QUIET)
LABEL = Type(MEDIUM, 7.5, 11, QUIET)
ANCHOR = Type(MEDIUM, 9, 13, LINK)
