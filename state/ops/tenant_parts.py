"""What belongs to a customer in the words of operations: prices, tokens, accepted agreements."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from app.core.locale import format_date
from app.services.credentials import is_live
from models.agreement import AgreementAcceptance
from models.credential import Credential
from models.price import PriceContract
from state.moments import moment
from state.ops.words import LOCALE, money


@dataclass(frozen=True)
class PriceRow:
    """One price contract."""

    id: str
    price: str
    starts_on: str
    announced: str
    reason: str
    state: str


@dataclass(frozen=True)
class TokenRow:
    """One token, recognised by its first characters."""

    id: str
    prefix: str
    label: str
    state: str
    created: str
    used: str
    used_exact: str
    scopes: str = ""


@dataclass(frozen=True)
class AcceptanceRow:
    """One accepted agreement."""

    id: str
    title: str
    version: str
    sha256: str
    at: str
    ip: str


def to_prices(contracts: list[PriceContract], today: dt.date) -> list[PriceRow]:
    """Say a vendor's price contracts, newest first, and which of them is in force."""
    started = [one.starts_on for one in contracts if one.starts_on <= today]
    current = max(started, default=None)
    return [
        PriceRow(
            id=str(one.id),
            price=money(one.price),
            starts_on=format_date(one.starts_on, LOCALE),
            announced=moment(one.announced_at, one.announced_at, LOCALE).exact,
            reason=one.reason or "–",
            state="active"
            if one.starts_on == current
            else ("announced" if one.starts_on > today else "past"),
        )
        for one in contracts
    ]


def to_token(row: Credential, now: dt.datetime) -> TokenRow:
    """Say one token; a rotated one lives on until its overlap ends."""
    used = moment(row.last_used_at, now, LOCALE)
    state = "rotating" if row.replaced_by_id else "active"
    if not is_live(row, now):
        state = "revoked" if row.revoked_at else "expired"
    return TokenRow(
        id=str(row.id),
        prefix=f"{row.prefix}…",
        label=row.label,
        state=state,
        created=moment(row.created_at, now, LOCALE).exact,
        used=used.text,
        used_exact=used.exact,
        scopes=", ".join(one.removeprefix("manage.") for one in row.scopes),
    )


def to_acceptance(row: AgreementAcceptance, now: dt.datetime) -> AcceptanceRow:
    """Say one accepted agreement."""
    return AcceptanceRow(
        id=str(row.id),
        title={"terms": "Terms of service", "dpa": "Data processing"}.get(row.slug, row.slug),
        version=row.version,
        sha256=row.text_sha256,
        at=moment(row.accepted_at, now, LOCALE).exact,
        ip=row.ip,
    )
