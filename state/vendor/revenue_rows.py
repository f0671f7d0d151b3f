"""Pro payments and payouts in the words of the revenue page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from app.core.locale import format_money
from app.core.money import Money
from app.services.revenue_lists import ProLine
from state.moments import moment


@dataclass(frozen=True)
class ProRow:
    """One payment for Pro; ``refunded`` is empty where nothing was given back."""

    id: str
    at: str
    at_exact: str
    subscription: str
    user: str
    device: str
    device_href: str
    gross: str
    refunded: str
    share: str


def to_row(one: ProLine, now: dt.datetime, locale: str) -> ProRow:
    """Say a Pro payment in the words of the list."""
    at = moment(one.occurred_at, now, locale)
    return ProRow(
        id=str(one.id),
        at=at.text,
        at_exact=at.exact,
        subscription=one.subscription_ref,
        user=one.user_omni,
        device=one.device_id,
        device_href=f"/vendor/devices?open={one.device_pk}" if one.device_pk else "",
        gross=format_money(one.gross, locale),
        refunded=format_money(-one.refunded, locale) if one.refunded else "",
        share=format_money(one.share, locale),
    )


def sums(amounts: Iterable[Money], locale: str) -> str:
    """Return amounts of several currencies beside each other; the first alone where all are nothing."""
    every = list(amounts)
    told = [one for one in every if one] or every[:1]
    return " + ".join(format_money(one.rounded(), locale) for one in told)
