"""Which mails there are and what each quotes. A value may come as itself or in the form it has in JSON."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from app.core.money import Money
from app.core.phrases import Phrase, Text, from_json, parse_money

Reader = Callable[[Any], Any]
"""Checks and converts one parameter; raises ``TypeError`` or ``ValueError``."""

_LONGEST_TEXT = 300


def text(value: Any) -> str:
    """Read words: one line, no control or direction marks, at most 300 characters."""
    if not isinstance(value, str):
        raise TypeError("expected words")
    spaced = "".join(" " if char.isspace() else char for char in value)
    kept = "".join(char for char in spaced if unicodedata.category(char)[0] != "C")
    line = " ".join(kept.split())
    return line if len(line) <= _LONGEST_TEXT else line[: _LONGEST_TEXT - 1] + "…"


def number(value: Any) -> int:
    """Read a whole number."""
    if type(value) is not int:
        raise TypeError("expected a whole number")
    return value


def sentence(value: Any) -> Text:
    """Read words, or a phrase, or the JSON form of one."""
    read = value if isinstance(value, Phrase) else from_json(value)
    return text(read) if isinstance(read, str) else read


def money(value: Any) -> Money:
    """Read an amount: ``Money``, or its text ``"231.00 USD"``."""
    return value if isinstance(value, Money) else parse_money(value)


def period(value: Any) -> tuple[dt.date, dt.date]:
    """Read a half-open period: two dates, or two texts of dates."""
    start, end = (date(each) for each in value)
    if end <= start:
        raise ValueError("the period ends before it starts")
    return start, end


def agreement(value: Any) -> Phrase:
    """Read the slug of an agreement, ``terms`` or ``dpa``; its title is said in the reader's language."""
    return Phrase.of(f"agreement.{text(value)}")


def date(value: Any) -> dt.date:
    """Read a calendar date: ``date``, or ``"2026-12-15"``."""
    if isinstance(value, dt.datetime):
        raise TypeError("expected a date, not an instant")
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)


def moment(value: Any) -> dt.datetime:
    """Read an instant: an aware ``datetime``, or RFC 3339 text."""
    at = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError("expected an aware instant")
    return at


def url(value: Any) -> str:
    """Read a link: a path of our own site (``/vendor/…``) or an absolute http(s) address."""
    if not isinstance(value, str) or any(char.isspace() or ord(char) < 32 for char in value):
        raise ValueError("expected a link")
    parts = urlsplit(value)
    is_path = value.startswith("/") and not value.startswith("//") and "\\" not in value
    if not is_path and not (parts.scheme in {"http", "https"} and parts.netloc):
        raise ValueError("expected a path or an http(s) address")
    return value


_INVOICE: Final = {"number": text, "total": money, "url": url}

TEMPLATES: Final[Mapping[str, Mapping[str, Reader]]] = {
    "confirm_email": {"url": url, "hours": number},
    "already_registered": {"url": url, "reset_url": url},
    "reset_password": {"url": url, "hours": number},
    "password_changed": {"at": moment, "url": url},
    "change_email": {"url": url, "hours": number},
    "email_changed": {"email": text, "at": moment, "url": url},
    "login_new_device": {"at": moment, "ip": text, "device": sentence, "url": url},
    "two_factor_on": {"at": moment, "url": url},
    "two_factor_off": {"at": moment, "url": url},
    "token_issued": {"tenant": text, "token": text, "at": moment, "by": text, "url": url},
    "token_new_ip": {"tenant": text, "token": text, "ip": text, "at": moment, "url": url},
    "key_issued": {"tenant": text, "token": text, "at": moment, "by": text, "url": url},
    "agent_upgraded": {"agent": text, "method": sentence, "url": url},
    "agent_confirm": {"agent": text, "url": url},
    "agent_known": {"product": text, "url": url},
    "key_revoked": {"tenant": text, "token": text, "cause": sentence, "at": moment, "url": url},
    "agent_suspended": {"tenant": text, "cause": sentence, "at": moment, "url": url},
    "agent_resumed": {"tenant": text, "at": moment, "url": url},
    "agent_login": {"agents": text, "url": url, "minutes": number},
    "spend_alert": {
        "agent": text,
        "percent": number,
        "spent": money,
        "budget": money,
        "consequence": sentence,
        "renews_on": date,
        "url": url,
    },
    "free_calls_used": {
        "agent": text,
        "used": number,
        "limit": number,
        "renews_on": date,
        "url": url,
    },
    "terms_updated": {"agreement": agreement, "effective_on": date, "url": url},
    "payment_connected": {"tenant": text, "method": sentence, "url": url},
    "vendor_activated": {"tenant": text, "url": url},
    "invoice": {**_INVOICE, "period": period, "due_on": date, "pay": sentence},
    "payment_received": {**_INVOICE, "paid_on": date, "method": sentence},
    "payment_failed": {**_INVOICE, "method": sentence, "cause": sentence, "next_try_on": date},
    "payment_failed_final": {**_INVOICE, "method": sentence, "cause": sentence, "blocked_on": date},
    "payment_due_soon": {**_INVOICE, "due_on": date},
    "payment_overdue": {**_INVOICE, "due_on": date, "blocked_on": date},
    "registration_blocked_soon": {**_INVOICE, "blocked_on": date},
    "registration_blocked": _INVOICE,
    "agent_payment_failed_final": {
        **_INVOICE,
        "method": sentence,
        "cause": sentence,
        "blocked_on": date,
    },
    "agent_payment_overdue": {**_INVOICE, "due_on": date, "blocked_on": date},
    "agent_payment_missing": _INVOICE,
    "credit_note": {**_INVOICE, "invoice": text, "pay": sentence},
    "payout_statement": {**_INVOICE, "period": period, "pay": sentence},
    "price_change_notice": {
        "old_price": money,
        "new_price": money,
        "effective_on": date,
        "url": url,
    },
    "tenant_suspended": {"tenant": text, "cause": sentence, "at": moment, "url": url},
    "tenant_closed": {"tenant": text, "at": moment, "url": url},
    "tenant_resumed": {"tenant": text, "at": moment, "url": url},
}
"""Every mail by name, with its parameters; all of them are required, and no other is taken.

``url`` is where the button leads, ``hours`` how long its link works. ``pay`` says how it is paid, ``cause`` why
something happened (no full stop at its end), both as words in the reader's language or as a phrase.
"""
