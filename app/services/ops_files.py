"""The lists of operations as files: exactly what a list shows under a search, all of its pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final

from app.core import csv_text
from app.core.csv_text import Cell
from app.core.money import Money
from app.rules.activity import device_status
from app.rules.dunning import shown_status
from app.services import (
    ops_agents,
    ops_audit,
    ops_devices,
    ops_exchange,
    ops_money,
    ops_tenants,
    ops_usage,
    reconciliation,
)
from app.services.context import Context
from app.services.ops_lists import Listed, Search
from app.services.ops_money import InvoiceLine


class FileName(StrEnum):
    """Which list."""

    TENANTS = "tenants"
    INVOICES = "invoices"
    PAYMENTS = "payments"
    DISPUTES = "disputes"
    PAYOUTS = "payouts"
    WEBHOOKS = "webhooks"
    MAIL = "mail"
    SUPPRESSED = "suppressed"
    JOBS = "jobs"
    AUDIT = "audit"
    DEVICES = "devices"
    CALLS = "calls"
    USAGE = "usage"
    ORGANISATIONS = "organisations"
    RECONCILIATION = "reconciliation"


Column = str | Callable[[Any, dt.datetime], Cell]
"""What stands in a column: the path to it from a line, or how it follows from one at an instant."""


@dataclass(frozen=True, slots=True)
class File:
    """A list and, under their heads, the columns of its file."""

    listed: Listed[Any]
    columns: Mapping[str, Column]

    def row(self, line: Any, now: dt.datetime) -> list[Cell]:
        """Return one line as its cells."""
        return [
            attrgetter(column)(line) if isinstance(column, str) else column(line, now)
            for column in self.columns.values()
        ]


async def announce(ctx: Context, name: FileName, search: Search) -> None:
    """Note who takes which part of a list away; refuse what cannot be read."""
    file = FILES[name]
    rows = await file.listed.count(ctx, search)
    asked = {one.name: str(said) for one in fields(search) if (said := getattr(search, one.name))}
    ctx.audit("ops.list_exported", body={"list": name.value, "rows": rows, **asked})


async def stream(ctx: Context, name: FileName, search: Search) -> AsyncGenerator[str]:
    """Yield a list as CSV, some lines at a time; the first has the heads of the columns."""
    file, now = FILES[name], ctx.now()
    yield csv_text.lines([list(file.columns)])
    async for batch in file.listed.batches(ctx, search):
        yield csv_text.lines(file.row(line, now) for line in batch)


def _under(path: str, *names: str) -> dict[str, Column]:
    """Name columns after the fields of one part of a line."""
    return {name: f"{path}.{name}" for name in names}


def _as_they_are(*names: str) -> dict[str, Column]:
    return {name: name for name in names}


def _shown_status(line: InvoiceLine, now: dt.datetime) -> Cell:
    return shown_status(line.invoice.status, line.invoice.due_at, now)


def _money(path: str, name: str) -> Callable[[Any, dt.datetime], Cell]:
    """Return how an amount follows from its millionths and its currency."""

    def column(line: Any, now: dt.datetime) -> Cell:  # noqa: ARG001
        row = getattr(line, path)
        return Money(getattr(row, f"{name}_micros"), row.currency)

    return column


def _outstanding(line: InvoiceLine, now: dt.datetime) -> Cell:  # noqa: ARG001
    return max(Money.zero(line.invoice.currency), line.invoice.outstanding)


def _of_agent(name: str) -> Callable[[Any, dt.datetime], Cell]:
    """Return what an agent says of something, and a vendor nothing."""

    def column(line: Any, now: dt.datetime) -> Cell:  # noqa: ARG001
        return getattr(line.agent, name) if line.agent else ""

    return column


_OUTGOING: Final = _as_they_are(
    "id",
    "name",
    "business_key",
    "tenant_id",
    "status",
    "attempts",
    "error",
    "created_at",
    "sent_at",
)
FILES: Final = {
    FileName.TENANTS: File(
        ops_tenants.TENANTS,
        _under("tenant", "id", "programme", "display_name", "legal_name", "email", "country")
        | _under("tenant", "status", "rail")
        | {name: _of_agent(name) for name in ("agent_id", "tier")}
        | _as_they_are("devices", "calls")
        | _under("tenant", "created_at", "activated_at", "first_device_at"),
    ),
    FileName.INVOICES: File(
        ops_money.INVOICES,
        _under("invoice", "id", "number", "kind", "tenant_id")
        | _as_they_are("vendor")
        | _under("invoice", "period_start", "period_end")
        | {"status": _shown_status}
        | _under("invoice", "currency")
        | {name: _money("invoice", name) for name in ("subtotal", "tax", "total")}
        | {"outstanding": _outstanding}
        | _under("invoice", "created_at", "due_at"),
    ),
    FileName.PAYMENTS: File(
        ops_money.PAYMENTS,
        _under("payment", "id", "tenant_id")
        | {"vendor": "vendor", "invoice": "number"}
        | _under("payment", "status", "currency", "amount", "kept", "method_label", "provider")
        | _under("payment", "provider_ref", "reference", "failure", "created_at", "settled_at"),
    ),
    FileName.DISPUTES: File(
        ops_money.DISPUTES,
        _under("dispute", "id", "tenant_id")
        | {"vendor": "vendor", "invoice": "number"}
        | _under("dispute", "payment_id", "status", "currency", "amount", "reason", "provider")
        | _under("dispute", "provider_ref", "opened_at", "respond_by", "closed_at"),
    ),
    FileName.PAYOUTS: File(
        ops_money.PAYOUTS,
        _under("payout", "id", "tenant_id")
        | _as_they_are("vendor")
        | _under("payout", "period", "number", "status", "currency")
        | {name: _money("payout", name) for name in ("amount", "gross")}
        | _under("payout", "provider", "provider_ref", "reference", "failure")
        | _under("payout", "created_at", "paid_at"),
    ),
    FileName.WEBHOOKS: File(
        ops_exchange.INBOX,
        _as_they_are("id", "provider", "event_id", "kind", "subject_ref", "status", "attempts")
        | _as_they_are("error", "occurred_at", "received_at", "handled_at"),
    ),
    FileName.MAIL: File(
        ops_exchange.MAILS, _OUTGOING | _as_they_are("recipient", "subject", "locale")
    ),
    FileName.SUPPRESSED: File(
        ops_exchange.SUPPRESSED, _as_they_are("email", "reason", "suppressed_at")
    ),
    FileName.JOBS: File(ops_exchange.JOBS, _OUTGOING),
    FileName.DEVICES: File(
        ops_devices.DEVICES,
        _as_they_are("id", "tenant_id", "device_id", "user_omni", "actor_omni", "generation")
        | {"status": lambda one, now: device_status(one.last_active_at, one.released_at, now)}
        | _as_they_are("registered_at", "last_active_at", "released_at"),
    ),
    FileName.CALLS: File(
        ops_agents.CALLS,
        _as_they_are("id", "at", "tenant_id", "action", "status", "is_billable", "is_charged")
        | _as_they_are("error_code", "error", "actor_id", "request_id", "request_hash")
        | _as_they_are("is_dry_run", "is_replay", "latency_ms", "ip"),
    ),
    FileName.USAGE: File(
        ops_usage.USAGE,
        _under("agent", "tenant_id", "agent_id", "email", "organisation")
        | _as_they_are("name", "tier", "calls", "succeeded", "charged", "refused", "failed")
        | _as_they_are("used", "limit", "budget_calls", "cost"),
    ),
    FileName.ORGANISATIONS: File(
        ops_usage.ORGANISATIONS,
        _as_they_are("organisation", "tenants", "calls", "succeeded", "charged", "cost"),
    ),
    FileName.RECONCILIATION: File(
        reconciliation.FINDINGS,
        _under("finding", "invoice_id", "tenant_id", "period", "difference", "ours", "theirs")
        | _under("finding", "provider_ref", "found_at", "seen_at")
        | _as_they_are("customer", "number"),
    ),
    FileName.AUDIT: File(
        ops_audit.STREAM,
        _under("event", "id", "at", "kind", "result")
        | _as_they_are("actor")
        | _under("event", "actor_kind", "tenant_id")
        | {"vendor": "tenant"}
        | _under("event", "subject_kind", "subject_id", "ip", "request_id", "body"),
    ),
}
