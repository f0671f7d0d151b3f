"""One set of plausible parameters for every mail."""

from __future__ import annotations

import datetime as dt
from typing import Any

from app.core.money import Money
from app.core.phrases import Phrase

_AT = dt.datetime(2026, 11, 21, 9, 30, tzinfo=dt.UTC)
_DUE = dt.date(2026, 12, 15)
_INVOICE: dict[str, Any] = {
    "number": "TP-2026-00042",
    "total": Money.of("231", "USD"),
    "url": "/vendor/invoices/TP-2026-00042",
}
_FAILED = {**_INVOICE, "method": "Visa ending 4242", "cause": "card_declined"}
_PAY = Phrase.of("pay.card.detail", card="Visa ending 4242", charge_on=dt.date(2026, 12, 1))

PARAMS: dict[str, dict[str, Any]] = {
    "confirm_email": {"url": "/confirm-email/tok3n", "hours": 24},
    "already_registered": {"url": "/login", "reset_url": "/reset-password"},
    "reset_password": {"url": "/reset-password/tok3n", "hours": 1},
    "password_changed": {"at": _AT, "url": "/reset-password"},
    "change_email": {"url": "/verify#tok3n", "hours": 24},
    "email_changed": {"email": "new@example.com", "at": _AT, "url": "/login"},
    "login_new_device": {
        "at": _AT,
        "ip": "203.0.113.7",
        "device": "Firefox on Linux",
        "url": "/vendor/settings",
    },
    "two_factor_on": {"at": _AT, "url": "/vendor/settings"},
    "two_factor_off": {"at": _AT, "url": "/vendor/settings"},
    "token_issued": {
        "tenant": "Acme Toys",
        "token": "vnd_8f3…k2Q",
        "at": _AT,
        "by": "owner@acme-toys.example.com",
        "url": "/vendor/tokens",
    },
    "key_issued": {
        "tenant": "Scout",
        "token": "agk_8f3…k2Q",
        "at": _AT,
        "by": "API",
        "url": "/agent/keys",
    },
    "agent_upgraded": {"agent": "scout", "method": "Visa ending 4242", "url": "/agent"},
    "agent_confirm": {"agent": "scout", "url": "/v1/confirm/tok3n"},
    "key_revoked": {
        "tenant": "Scout",
        "token": "First key (agk_8f3…)",
        "cause": "It was found in a public repository",
        "at": _AT,
        "url": "/api/docs",
    },
    "agent_suspended": {
        "tenant": "Scout",
        "cause": "Calls in a loop",
        "at": _AT,
        "url": "/api/docs",
    },
    "agent_resumed": {"tenant": "Scout", "at": _AT, "url": "/api/docs"},
    "agent_known": {"product": "leadscoring", "url": "/agent/login"},
    "agent_login": {"agents": "scout (leadscoring)", "url": "/v1/enter/tok3n", "minutes": 15},
    "spend_alert": {
        "agent": "scout",
        "percent": 80,
        "spent": Money.of("20.00", "USD"),
        "budget": Money.of("25.00", "USD"),
        "consequence": Phrase.of("spend.near"),
        "renews_on": dt.date(2026, 12, 1),
        "url": "/api/docs",
    },
    "free_calls_used": {
        "agent": "scout",
        "used": 80,
        "limit": 100,
        "renews_on": dt.date(2026, 12, 1),
        "url": "/v1/upgrade/tok3n",
    },
    "token_new_ip": {
        "tenant": "Acme Toys",
        "token": "vnd_8f3…k2Q",
        "ip": "2001:db8:12::/64",
        "at": _AT,
        "url": "/vendor/tokens",
    },
    "terms_updated": {
        "agreement": "terms",
        "effective_on": dt.date(2027, 2, 1),
        "url": "/vendor/onboarding",
    },
    "payment_connected": {
        "tenant": "Acme Toys",
        "method": "Visa ending 4242",
        "url": "/vendor/onboarding",
    },
    "vendor_activated": {"tenant": "Acme Toys", "url": "/vendor/tokens"},
    "invoice": {
        **_INVOICE,
        "period": (dt.date(2026, 11, 1), dt.date(2026, 12, 1)),
        "due_on": _DUE,
        "pay": _PAY,
    },
    "payment_received": {
        **_INVOICE,
        "paid_on": dt.date(2026, 12, 1),
        "method": "Visa ending 4242",
    },
    "payment_failed": {**_FAILED, "next_try_on": dt.date(2026, 12, 2)},
    "payment_failed_final": {**_FAILED, "blocked_on": _DUE},
    "payment_due_soon": {**_INVOICE, "due_on": _DUE},
    "payment_overdue": {**_INVOICE, "due_on": _DUE, "blocked_on": dt.date(2026, 12, 16)},
    "registration_blocked_soon": {**_INVOICE, "blocked_on": _DUE},
    "registration_blocked": dict(_INVOICE),
    "agent_payment_failed_final": {**_FAILED, "blocked_on": _DUE},
    "agent_payment_overdue": {**_INVOICE, "due_on": _DUE, "blocked_on": dt.date(2026, 12, 16)},
    "agent_payment_missing": dict(_INVOICE),
    "credit_note": {
        **_INVOICE,
        "number": "TPC-2026-00003",
        "invoice": "TP-2026-00042",
        "pay": Phrase.of("pay.credited.detail"),
    },
    "payout_statement": {
        **_INVOICE,
        "number": "TPS-2026-00007",
        "period": (dt.date(2026, 11, 1), dt.date(2026, 12, 1)),
        "pay": Phrase.of("pay.payout.connect.detail", paid_on=dt.date(2026, 12, 5)),
    },
    "price_change_notice": {
        "old_price": Money.of("2.5", "USD"),
        "new_price": Money.of("2.75", "USD"),
        "effective_on": dt.date(2027, 2, 1),
        "url": "/vendor/settings",
    },
    "tenant_suspended": {
        "tenant": "Acme Toys",
        "cause": "an unpaid invoice",
        "at": _AT,
        "url": "/vendor",
    },
    "tenant_closed": {"tenant": "Acme Toys", "at": _AT, "url": "/vendor"},
    "tenant_resumed": {"tenant": "Acme Toys", "at": _AT, "url": "/vendor"},
}
