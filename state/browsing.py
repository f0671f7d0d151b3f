"""Lists keep what they show in the address: reading it, and writing the address of another view."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

import reflex as rx

LARGEST_PAGE: Final = 100_000


def asked(state: rx.State, name: str, default: str = "") -> str:
    """Return one parameter of the page's address, without what no database can look for."""
    return str(state.router.url.query_parameters.get(name, default)).replace("\0", "").strip()


def asked_page(state: rx.State, name: str = "page") -> int:
    """Return which page of the list the address names; the first for anything odd."""
    text = asked(state, name)
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 1
    return max(1, min(number, LARGEST_PAGE))


def address(path: str, **query: str | int) -> str:
    """Return the address of a view; parameters that say nothing are left out."""
    said = {key: str(value) for key, value in query.items() if value not in ("", 0)}
    if said.get("page") == "1":
        del said["page"]
    return f"{path}?{urlencode(said)}" if said else path


def view(
    state: rx.State, path: str, changes: Mapping[str, str | int], *, is_same_list: bool = False
) -> str:
    """Return the address of another view of a list: what the page's says now, with changes.

    The open detail is closed; the list begins at its first page unless it is the same list.
    """
    here = {key: str(value)[:200] for key, value in state.router.url.query_parameters.items()}
    here.pop("open", None)
    if not is_same_list:
        here.pop("page", None)
    return address(path, **{**here, **changes})
