"""Findings of a reconciliation in words: what differs, and what to do about it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from app.rules.reconciliation import Difference
from app.rules.statuses import RunStatus
from app.services.reconciliation import FindingLine, Look
from state.moments import moment
from state.ops.words import LOCALE, several

NEXT: Final = {
    Difference.NO_COPY: (
        "No copy there",
        "It cannot be charged. Retry the month on the jobs page, or charge the invoice again.",
    ),
    Difference.MISSING_THERE: (
        "Missing there",
        "The provider does not know it: another account, or deleted. Charge it again on its page.",
    ),
    Difference.NOT_TOLD: (
        "The provider refused to say",
        "Check the provider's credentials, then run this again.",
    ),
    Difference.AMOUNT_DIFFERS: (
        "Amount differs",
        "Compare both sides. Credit what is too much, or void the invoice and bill it anew.",
    ),
    Difference.PAID_THERE: (
        "Paid there, not here",
        "Its notification is missing: find it among the webhooks and replay it. If the invoice is "
        "void here, refund it there.",
    ),
    Difference.PAID_HERE: (
        "Paid here, open there",
        "It could be paid twice: void the copy at the provider.",
    ),
    Difference.VOID_THERE: (
        "Void there, open here",
        "Somebody voided it at the provider: void it here too, or charge it again for a new copy.",
    ),
    Difference.VOID_HERE: (
        "Void here, open there",
        "It could still be paid: void the copy at the provider.",
    ),
}


@dataclass(frozen=True)
class FindingRow:
    """An invoice that does not agree."""

    id: str
    number: str
    customer: str
    what: str
    todo: str
    ours: str
    theirs: str
    found: str
    found_exact: str


def to_finding(line: FindingLine, now: dt.datetime) -> FindingRow:
    """Say what does not agree and what to do next."""
    one = line.finding
    what, todo = NEXT[one.difference]
    found = moment(one.found_at, now, LOCALE)
    return FindingRow(
        id=str(one.invoice_id),
        number=line.number,
        customer=line.customer,
        what=what,
        todo=todo,
        ours=one.ours,
        theirs=one.theirs,
        found=found.text,
        found_exact=found.exact,
    )


def to_look(found: Look | None, now: dt.datetime) -> tuple[str, bool]:
    """Say how the newest look at a month went, and whether it is under way."""
    if found is None:
        return "This month was not looked at yet: it is three days after its run, or now.", False
    run = found.run
    counted = f"{run.checked:,} of {several(found.invoices, 'invoice')} looked at"
    differ = f"{several(found.findings, 'invoice')} differ" if found.findings else "all agree"
    if run.status is RunStatus.DONE:
        return f"{counted}, {moment(run.finished_at, now, LOCALE).text}: {differ}.", False
    if run.status is RunStatus.RUNNING:
        return f"{counted} so far.", True
    return f"{counted}, then it stopped. Run it again.", False
