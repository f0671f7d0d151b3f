"""Tokens and keys in the words of their lists."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from app.services import credentials
from app.services.token_places import TokenPlace
from models.credential import Credential
from state.moments import moment

OVERLAPS: Final = (
    ("0", "None"),
    ("1", "1 hour"),
    ("24", "1 day"),
    ("72", "3 days"),
    ("168", "7 days"),
)
"""How long one that is rotated may go on, in hours."""


@dataclass(frozen=True)
class PlaceRow:
    """One network a token was used from."""

    id: str
    network: str
    since: str
    since_exact: str


@dataclass(frozen=True)
class TokenRow:
    """One token in the list."""

    id: str
    prefix: str
    label: str
    status: str
    created: str
    created_exact: str
    used: str
    used_exact: str
    expires: str
    expires_exact: str
    networks: str
    is_live: bool
    can_rotate: bool
    scopes: list[str] = field(default_factory=list[str])
    places: list[PlaceRow] = field(default_factory=list[PlaceRow])


def status_of(token: Credential, now: dt.datetime) -> str:
    """Return what to show: revoked for good, expired, rotating until it expires, or active."""
    if token.revoked_at is not None:
        return "revoked"
    if not credentials.is_live(token, now):
        return "expired"
    return "rotating" if token.replaced_by_id is not None else "active"


def to_row(
    token: Credential, places: Sequence[TokenPlace], now: dt.datetime, locale: str
) -> TokenRow:
    """Say a token in the words of the list."""
    created = moment(token.created_at, now, locale)
    used = moment(token.last_used_at, now, locale)
    expires = moment(token.revoked_at or token.expires_at, now, locale)
    status = status_of(token, now)
    count = len(places)
    return TokenRow(
        id=str(token.id),
        prefix=f"{token.prefix}…",
        label=token.label,
        status=status,
        created=created.text,
        created_exact=created.exact,
        used=used.text,
        used_exact=used.exact,
        expires=expires.text,
        expires_exact=expires.exact,
        networks="None yet" if not count else f"{count} network{'s' if count > 1 else ''}",
        is_live=status in ("active", "rotating"),
        can_rotate=status == "active",
        scopes=[str(one) for one in token.scopes],
        places=[to_place(place, now, locale) for place in places],
    )


def to_place(place: TokenPlace, now: dt.datetime, locale: str) -> PlaceRow:
    """Say a network; that of a single IPv4 address without its length."""
    since = moment(place.first_seen_at, now, locale)
    shown = place.ip_prefix.removesuffix("/32")
    return PlaceRow(place.ip_prefix, shown, since.text, since.exact)
