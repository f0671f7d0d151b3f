"""A month's invoices held beside the provider's copies of them: looked at in parts, resumed where it stopped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func
from sqlmodel import col, select

from app.core.errors import ConflictError, ProviderRefusedError
from app.core.ids import new_id
from app.core.money import Money
from app.rules.periods import BillingMonth
from app.rules.reconciliation import Difference, Ours, Theirs, compare
from app.rules.statuses import RunStatus
from app.services import months, outbox
from app.services.context import Context
from app.services.ops_lists import Listed, Search, found
from app.services.ports import JobName
from app.services.rails import PROVIDER_OF
from models.billing import BillingRun
from models.invoice import Invoice, InvoiceKind
from models.person import Role
from models.reconciliation import Reconciliation, ReconciliationFinding
from models.tenant import Rail, Tenant

PART: Final = 25
"""Invoices asked for between two commits."""
AFTER: Final = dt.timedelta(days=3)
"""How long after a month's run its invoices are looked at by themselves: charges are over by then."""
STUCK: Final = dt.timedelta(hours=6)
"""A look untouched for this long lost its job; another may begin."""
_DONE: Final = "done"
_GONE: Final = 404


@dataclass(frozen=True, slots=True)
class FindingLine:
    """A finding with its customer's name and its invoice's number."""

    finding: ReconciliationFinding
    customer: str
    number: str


@dataclass(frozen=True, slots=True)
class Look:
    """The newest look at a month, how many invoices it covers, and what is open of it."""

    run: Reconciliation
    invoices: int
    findings: int


@dataclass(frozen=True, slots=True)
class _Told:
    """What the provider said of one invoice: a copy, that it is not there, or a refusal."""

    invoice_id: UUID
    before: tuple[object, ...]
    copy: Theirs | None = None
    refusal: str = ""


async def start(ctx: Context, period: str) -> Reconciliation:
    """Begin to look at a month's invoices, or return the look that is under way.

    Raises ``ConflictError`` ``period_not_over`` for a month that is not over.
    """
    ctx.require_ops(Role.OPS_OPERATOR)
    months.closed(ctx, period)
    under_way = await _newest(ctx, period)
    if under_way is not None and under_way.status is RunStatus.RUNNING:
        if ctx.now() - under_way.started_at < STUCK:
            raise ConflictError("It is being looked at already.", reason="in_progress")
        under_way.status = RunStatus.FAILED
    run = Reconciliation(id=new_id(), period=period, started_at=ctx.now())
    ctx.db.add(run)
    await ctx.db.flush()
    await outbox.enqueue(ctx, JobName.RECONCILE, str(run.id), run_id=str(run.id))
    if ctx.actor.role is not None:
        ctx.audit(
            "ops.reconciliation_started",
            subject=("reconciliation", run.id),
            body={"month": period},
        )
    return run


async def schedule(ctx: Context) -> int:
    """Begin to look at every month whose run is over for a while and that nobody has looked at."""
    ctx.require_system()
    seen = select(Reconciliation.id).where(col(Reconciliation.period) == BillingRun.period)
    due = await ctx.db.scalars(
        select(BillingRun.period)
        .where(
            col(BillingRun.status) == RunStatus.DONE,
            col(BillingRun.finished_at) <= ctx.now() - AFTER,
            ~seen.exists(),
        )
        .order_by(col(BillingRun.period))
    )
    periods = list(due)
    for period in periods:
        await start(ctx, period)
    return len(periods)


async def look(ctx: Context, run_id: UUID) -> str:
    """Look at the next invoices of a month; returns ``done`` when none is left, else where it stands.

    The provider is asked with nothing locked; what changed with us meanwhile is left to the next
    look. What was found and how far it came are one transaction, so that a crash or a provider that
    is down only makes it go on from here.
    """
    ctx.require_system()
    run = await ctx.get_any(Reconciliation, run_id)
    if run.status is not RunStatus.RUNNING:
        return _DONE
    after, period = run.last_invoice_id, run.period
    part = await _part(ctx, BillingMonth.parse(period), after)
    told = await _ask(ctx, part)
    run = await ctx.get_any(Reconciliation, run_id, lock=True)
    if run.last_invoice_id != after or run.status is not RunStatus.RUNNING:
        return _DONE if run.status is not RunStatus.RUNNING else str(run.last_invoice_id)
    if not part:
        run.status, run.finished_at = RunStatus.DONE, ctx.now()
        return _DONE
    now_ours = await _by_id(ctx, [one.invoice_id for one in told])
    for one in told:
        invoice = now_ours[one.invoice_id]
        if _state(invoice) == one.before:
            await _keep(ctx, invoice, one, period)
    run.checked += len(part)
    run.last_invoice_id = part[-1].id
    return str(run.last_invoice_id)


async def newest(ctx: Context, period: str) -> Look | None:
    """Return the newest look at a month; None before there was one."""
    ctx.require_ops()
    run = await _newest(ctx, period)
    if run is None:
        return None
    month = BillingMonth.parse(period)
    invoices = await ctx.db.scalar(
        select(func.count()).select_from(Invoice).where(*_of_month(month))
    )
    findings = await ctx.db.scalar(
        select(func.count())
        .select_from(ReconciliationFinding)
        .where(col(ReconciliationFinding.period) == period)
    )
    return Look(run, invoices or 0, findings or 0)


async def count_open(ctx: Context) -> int:
    """Return how many invoices did not agree when they were last looked at."""
    ctx.require_ops()
    return await ctx.db.scalar(select(func.count()).select_from(ReconciliationFinding)) or 0


async def _newest(ctx: Context, period: str) -> Reconciliation | None:
    rows = await ctx.db.scalars(
        select(Reconciliation)
        .where(col(Reconciliation.period) == period)
        .order_by(col(Reconciliation.started_at).desc(), col(Reconciliation.id).desc())
        .limit(1)
    )
    return rows.first()


def _of_month(month: BillingMonth) -> tuple[Any, ...]:
    return (
        col(Invoice.kind) == InvoiceKind.INVOICE,
        col(Invoice.number).is_not(None),
        col(Invoice.rail) == Rail.CARD.value,
        col(Invoice.period_start) >= month.start,
        col(Invoice.period_start) < month.end,
    )


async def _part(ctx: Context, month: BillingMonth, after: UUID | None) -> Sequence[Invoice]:
    query = select(Invoice).where(*_of_month(month)).order_by(col(Invoice.id)).limit(PART)
    if after is not None:
        query = query.where(col(Invoice.id) > after)
    return (await ctx.db.scalars(query)).all()


async def _by_id(ctx: Context, ids: Sequence[UUID]) -> dict[UUID, Invoice]:
    rows = await ctx.db.scalars(
        select(Invoice).where(col(Invoice.id).in_(ids)).execution_options(populate_existing=True)
    )
    return {one.id: one for one in rows}


async def _ask(ctx: Context, part: Sequence[Invoice]) -> list[_Told]:
    """Ask the provider for each copy; raises ``ProviderDownError``."""
    asked = [(one.id, _state(one), one.provider_ref) for one in part]
    told: list[_Told] = []
    async with ctx.outside() as providers:
        adapter = providers.payment(PROVIDER_OF[Rail.CARD])
        for invoice_id, before, ref in asked:
            if not ref:
                told.append(_Told(invoice_id, before))
                continue
            try:
                copy = await adapter.fetch_invoice(ref)
            except ProviderRefusedError as refusal:
                said = "" if refusal.details.get("answer") == _GONE else refusal.message
                told.append(_Told(invoice_id, before, refusal=said))
                continue
            told.append(_Told(invoice_id, before, Theirs(copy.status, copy.total)))
    return told


def _state(invoice: Invoice) -> tuple[object, ...]:
    """Return what a comparison depends on, to see whether it changed meanwhile."""
    return (
        invoice.status,
        invoice.provider_ref,
        invoice.paid_micros,
        invoice.credited_micros,
        invoice.returned_micros,
    )


async def _keep(ctx: Context, invoice: Invoice, told: _Told, period: str) -> None:
    """Keep what does not agree of an invoice, and let go of what does by now."""
    ours = Ours(
        invoice.status,
        invoice.total,
        Money(invoice.credited_micros, invoice.currency),
        invoice.outstanding,
        has_copy=invoice.provider_ref is not None,
    )
    difference = Difference.NOT_TOLD if told.refusal else compare(ours, told.copy)
    row = await ctx.db.get(ReconciliationFinding, invoice.id)
    if difference is None:
        await ctx.db.execute(
            delete(ReconciliationFinding).where(col(ReconciliationFinding.invoice_id) == invoice.id)
        )
        return
    if row is None or row.difference is not difference:
        if row is not None:
            await ctx.db.delete(row)
            await ctx.db.flush()
        row = ReconciliationFinding(
            invoice_id=invoice.id,
            tenant_id=invoice.tenant_id,
            period=period,
            difference=difference,
            ours="",
            theirs="",
            found_at=ctx.now(),
            seen_at=ctx.now(),
        )
        ctx.db.add(row)
    row.ours = f"{invoice.status}, {invoice.outstanding} left of {invoice.total}"
    row.theirs = told.refusal[:300] or (
        f"{told.copy.status}, {told.copy.total}" if told.copy else "nothing"
    )
    row.provider_ref = invoice.provider_ref or ""
    row.seen_at = ctx.now()
    await ctx.db.flush()


def _findings(ctx: Context, search: Search) -> Any:  # noqa: ARG001 - all lists are asked alike
    finding = ReconciliationFinding
    query = (
        select(finding, Tenant.display_name, Invoice.number)
        .join(Tenant, col(Tenant.id) == finding.tenant_id)
        .join(Invoice, col(Invoice.id) == finding.invoice_id)
        .where(*found(search.q, Tenant.display_name, Invoice.number, finding.provider_ref))
    )
    if search.month:
        query = query.where(col(finding.period) == str(BillingMonth.parse(search.month)))
    return query.where(col(finding.difference) == search.status) if search.status else query


async def _lines(ctx: Context, rows: Sequence[Any]) -> list[FindingLine]:  # noqa: ARG001
    return [FindingLine(one, customer, number or "") for one, customer, number in rows]


FINDINGS: Final[Listed[FindingLine]] = Listed(
    "reconciliation",
    _findings,
    _lines,
    {
        "found_at": col(ReconciliationFinding.found_at),
        "number": col(Invoice.number),
        "customer": func.lower(Tenant.display_name),
    },
    col(ReconciliationFinding.invoice_id),
    tuple(Difference),
)
