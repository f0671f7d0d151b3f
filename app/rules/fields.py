"""What people may type into a one-line field."""

from __future__ import annotations

import unicodedata
from typing import Final

from app.core.errors import InvalidInputError

_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Control, format, surrogate and private characters: a name that holds some is not what it shows."""


def one_line(text: object, field: str, *, longest: int, shortest: int = 1) -> str:
    """Return the text in NFC with single spaces; refuse what is too long, too short or hidden."""
    if not isinstance(text, str):
        raise _problem(field, "must be text")
    tidy = " ".join(unicodedata.normalize("NFC", text).split())
    if any(unicodedata.category(character) in _HIDDEN for character in tidy):
        raise _problem(field, "must not contain hidden characters")
    if not shortest <= len(tidy) <= longest:
        raise _problem(field, f"must have {shortest} to {longest} characters")
    return tidy


def _problem(field: str, problem: str) -> InvalidInputError:
    noun = field.replace("_", " ")
    return InvalidInputError(f"The {noun} {problem}.", fields=[(field, problem)])
