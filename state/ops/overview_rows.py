"""The overview in words: what waits, how far a run came, how long vendors took."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from app.rules.statuses import RunStatus
from app.services.billing_runs import Progress
from app.services.ops_overview import Attention, FirstDevice
from models.ledger import LedgerCheck
from state.moments import moment
from state.ops.words import LOCALE, money, several, span


@dataclass(frozen=True)
class WaitingRow:
    """Something that waits for somebody, and where to deal with it."""

    key: str
    text: str
    href: str
    is_urgent: bool


@dataclass(frozen=True)
class RunRow:
    """How far a monthly run has come."""

    period: str = ""
    status: str = ""
    done: int = 0
    total: int = 0
    counted: str = ""
    failed: str = ""
    invoices: str = ""
    claimed: str = ""
    times: str = ""


@dataclass(frozen=True)
class FirstDeviceRow:
    """How long one vendor took to its first device."""

    id: str
    name: str
    signed_up: str
    signed_up_exact: str
    took: str


def to_waiting(counts: Attention) -> list[WaitingRow]:
    """Say what waits for somebody, most urgent first; nothing that does not."""
    lines = [
        (counts.failed_months, "month to bill failed", "months to bill failed", "/ops/jobs", True),
        (
            counts.failed_webhooks,
            "notification failed",
            "notifications failed",
            "/ops/webhooks?status=failed",
            True,
        ),
        (counts.failed_jobs, "job failed", "jobs failed", "/ops/jobs?status=failed", True),
        (counts.failed_mails, "mail failed", "mails failed", "/ops/mail?status=failed", True),
        (
            counts.open_disputes,
            "dispute open",
            "disputes open",
            "/ops/payments/disputes?status=open&sort=respond_by",
            True,
        ),
        (
            counts.failed_refunds,
            "refund failed",
            "refunds failed",
            "/ops/payments?status=refund_failed",
            True,
        ),
        (
            counts.overdue_invoices,
            "invoice overdue",
            "invoices overdue",
            "/ops/invoices?status=overdue",
            False,
        ),
        (
            counts.differences,
            "invoice differs from the provider's copy",
            "invoices differ from the provider's copies",
            "/ops/reconciliation",
            False,
        ),
        (counts.waiting_payouts, "payout waits", "payouts wait", "/ops/payouts", False),
        (
            counts.stuck_tenants,
            "vendor stuck in onboarding",
            "vendors stuck in onboarding",
            "/ops/tenants?status=stuck",
            False,
        ),
    ]
    return [
        WaitingRow(one, several(count, one, more), href, urgent)
        for count, one, more, href, urgent in lines
        if count
    ]


def to_books(checked: LedgerCheck | None, now: dt.datetime) -> str:
    """Say how the ledger stood when it was last looked at, and when that was."""
    if checked is None:
        return "The ledger was not looked at yet."
    at = moment(checked.checked_at, now, LOCALE).text
    entries = several(checked.entries, "entry", "entries")
    if not checked.found:
        return f"The ledger balances: {entries} looked at, {at}."
    return f"{several(checked.found, 'problem')} in {entries}, looked at {at}."


def to_run(run: Progress) -> RunRow:
    """Say how far a run has come."""
    done = run.counts.get(RunStatus.DONE, 0)
    started = moment(run.started_at, run.started_at, LOCALE).exact
    finished = moment(run.finished_at, run.started_at, LOCALE).exact if run.finished_at else ""
    return RunRow(
        period=run.period,
        status=run.status.value,
        done=done,
        total=run.total,
        counted=f"{done:,} of {several(run.total, 'customer')} billed",
        failed=several(len(run.failed), "customer") + " failed" if run.failed else "",
        invoices=several(run.invoices, "invoice"),
        claimed=" + ".join(money(one) for one in run.claimed) or "Nothing claimed",
        times=f"Began {started}" + (f", finished {finished}" if finished else ""),
    )


def to_first_device(one: FirstDevice) -> FirstDeviceRow:
    """Say how long a vendor took."""
    at = moment(one.signed_up_at, one.signed_up_at, LOCALE)
    return FirstDeviceRow(str(one.tenant_id), one.name, at.exact, at.exact, span(one.took))
