"""One spelling per e-mail address, so that an account exists once."""

from __future__ import annotations

import re
from typing import Final

import idna

from app.core.errors import InvalidInputError

MAX_LENGTH: Final = 254
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")


def normalise_email(text: str, field: str = "email") -> str:
    """Return the address in lower case with its domain in ASCII (IDNA); refuse what is none.

    Lower case in the local part is our rule: no provider of note tells ``Bob`` from ``bob``.
    """
    local, at, domain = text.strip(" ").lower().rpartition("@")
    ascii_domain = _domain(domain)
    address = f"{local}@{ascii_domain}"
    is_good = at and ascii_domain and _LOCAL.fullmatch(local) and len(local) <= 64
    if not is_good or len(address) > MAX_LENGTH:
        problem = "must be an e-mail address"
        raise InvalidInputError(f"The {field} {problem}.", fields=[(field, problem)])
    return address


def _domain(text: str) -> str | None:
    """Return the domain in ASCII, or None when it cannot have a mailbox."""
    try:
        name = idna.encode(text, uts46=True, std3_rules=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return None
    labels = name.split(".")
    is_host = len(labels) > 1 and not labels[-1].isdigit() and all(labels)
    return name if is_host else None
