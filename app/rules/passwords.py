"""What makes a password acceptable: its length and that nobody would guess it soon, no classes."""

from __future__ import annotations

import unicodedata
from typing import Any, Final, cast

from zxcvbn import zxcvbn

from app.core.errors import InvalidInputError

MIN_LENGTH: Final = 12
MAX_LENGTH: Final = 128

MIN_GUESSES: Final = 1_000_000
"""A common password, a keyboard walk, a repetition, or one of these with a little added is below."""

_SHORTEST_LOCAL_PART: Final = 4
_ESTIMATED_LENGTH: Final = 72


def normalise_password(text: str) -> str:
    """Return one spelling (NFKC) of what different keyboards send; use it to set and to verify."""
    return unicodedata.normalize("NFKC", text)


def check_password(text: str, email: str = "", field: str = "password") -> str:
    """Return the normalised password, or raise ``InvalidInputError`` naming the field.

    Length counts characters after normalising. A local part of the e-mail address shorter than
    four characters may occur in it.
    """
    password = normalise_password(text)
    problem = _problem(password, email.rpartition("@")[0].casefold())
    if problem:
        raise InvalidInputError(f"The {field} {problem}.", fields=[(field, problem)])
    return password


def _problem(password: str, local_part: str) -> str | None:
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        return f"must have {MIN_LENGTH} to {MAX_LENGTH} characters"
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in password):
        return "must not contain control characters"
    if len(local_part) >= _SHORTEST_LOCAL_PART and local_part in password.casefold():
        return "must not contain the name in your e-mail address"
    if _guesses(password) < MIN_GUESSES:
        return "is too common or too simple"
    return None


def _guesses(password: str) -> int:
    """Estimate the guesses needed; the beginning is enough, and keeps the work bounded."""
    estimate = cast(dict[str, Any], zxcvbn(password[:_ESTIMATED_LENGTH]))
    return int(estimate["guesses"])
