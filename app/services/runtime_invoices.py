"""What product runtimes of their own have the executor do for a tenant: its customer, card page, invoices.

A facade on the provider port for whoever counts and bills outside this product. The product itself never
bills this way, its books hold none of it, and a month that it bills itself is refused here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from app.core.errors import ConflictError, InvalidInputError, NotFoundError
from app.core.ids import new_id
from app.core.money import Money
from app.rules.periods import BillingMonth
from app.services import call_usage, payment_methods, payments, upgrades
from app.services.context import SYSTEM, Context
from app.services.executor import CARDS
from app.services.news import News
from app.services.outbox import insert_or_ignore
from app.services.ports import BillLine
from app.services.upgrades import UpgradePage
from models.invoice import Invoice
from models.runtime_invoice import RuntimeInvoice, RuntimeInvoiceStatus
from models.tenant import Programme, Tenant

ITEM: Final = "item"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a runtime wants of its tenant for a month that is over."""

    period: str
    amount: Money
    description: str
    key: str
    customer_ref: str = ""


async def create_customer(ctx: Context, email: str = "") -> str:
    """Return the provider's id of the acting tenant, made when missing, under the address it has here.

    Raises ``ConflictError`` ``other_email``.
    """
    tenant = await _tenant(ctx)
    if email and email.strip().lower() != tenant.email.lower():
        raise ConflictError("This tenant has another address.", reason="other_email")
    return await payments.ensure_customer(ctx, tenant.id)


async def create_checkout(ctx: Context, success_url: str, cancel_url: str) -> UpgradePage:
    """Open the page where the acting tenant's card is stored; the provider's word alone upgrades it."""
    tenant = await _tenant(ctx)
    return await upgrades.start(ctx, tenant.id, back=success_url, cancel=cancel_url)


async def create_invoice(ctx: Context, claim: Claim) -> RuntimeInvoice:
    """Return the one invoice of the acting tenant and month, made and charged once when missing.

    Repeated under its key it returns what is there and finishes what a crash left. Raises
    ``ConflictError``: ``idempotency_key_reused``, ``period_invoiced``, ``billed_here``,
    ``no_customer``, ``period_not_over``.
    """
    tenant = await _tenant(ctx, lock=True)
    month = BillingMonth.parse(claim.period, "period")
    if month.end > ctx.now():
        raise ConflictError(f"{month} is not over.", reason="period_not_over")
    _check_amount(claim.amount)
    row = await _earlier(ctx, claim)
    if row is None:
        row = await _new(ctx, tenant, month, claim)
    if row.status is not RuntimeInvoiceStatus.PENDING:
        return row
    return await _carry_out(ctx, row)


async def paid(ctx: Context, news: News) -> bool:
    """Note that the provider says that a runtime's invoice is paid; False where it is none of theirs."""
    ref = news.text("invoice_ref")
    row = await ctx.db.scalar(
        select(RuntimeInvoice).where(col(RuntimeInvoice.provider_ref) == ref).with_for_update()
    )
    if not ref or row is None:
        return False
    row.status = RuntimeInvoiceStatus.PAID
    return True


async def _carry_out(ctx: Context, row: RuntimeInvoice) -> RuntimeInvoice:
    row_id, amount, number, due_at = row.id, row.amount, row.period, ctx.now()
    customer_ref = await _customer(ctx, "")
    line = BillLine(row.description, amount, ITEM)
    async with ctx.outside() as providers:
        copy = await providers.payment(row.provider).open_invoice(
            customer_ref=customer_ref,
            invoice_id=str(row_id),
            number=number,
            lines=[line],
            total=amount,
            due_at=due_at,
            idempotency_key=f"runtime-invoice:{row_id}",
        )
    row = await _locked(ctx, row_id)
    row.provider_ref, row.hosted_url = copy.provider_ref, copy.hosted_url
    async with ctx.outside() as providers:
        charged = await providers.payment(row.provider).charge_invoice(
            copy.provider_ref, idempotency_key=f"runtime-charge:{row_id}"
        )
    row = await _locked(ctx, row_id)
    if row.status is RuntimeInvoiceStatus.PENDING:
        is_paid = charged.outcome == "paid"
        row.status = RuntimeInvoiceStatus.PAID if is_paid else RuntimeInvoiceStatus.OPEN
    await ctx.db.flush()
    return row


async def _locked(ctx: Context, row_id: UUID) -> RuntimeInvoice:
    rows = await ctx.db.scalars(
        ctx.mine(RuntimeInvoice)
        .where(col(RuntimeInvoice.id) == row_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return rows.one()


async def _new(ctx: Context, tenant: Tenant, month: BillingMonth, claim: Claim) -> RuntimeInvoice:
    await _refuse_what_is_billed_here(ctx, tenant, month)
    await _customer(ctx, claim.customer_ref)
    values = {
        "id": new_id(),
        "tenant_id": tenant.id,
        "period": str(month),
        "key": claim.key,
        "provider": CARDS,
        "amount_micros": claim.amount.micros,
        "currency": claim.amount.currency,
        "description": claim.description,
        "status": RuntimeInvoiceStatus.PENDING,
        "hosted_url": "",
        "created_at": ctx.now(),
    }
    await ctx.db.execute(insert_or_ignore(ctx, RuntimeInvoice, values, "tenant_id", "period"))
    ctx.audit(
        "executor.invoice_asked",
        tenant_id=tenant.id,
        body={"period": str(month), "amount": str(claim.amount)},
    )
    row = await _earlier(ctx, claim)
    assert row is not None  # noqa: S101 - made above, or by whoever was faster
    return row


async def _earlier(ctx: Context, claim: Claim) -> RuntimeInvoice | None:
    """Return the invoice made under this key; refuse another one for the same month."""
    rows = await ctx.db.scalars(
        ctx.mine(RuntimeInvoice).where(
            (col(RuntimeInvoice.key) == claim.key) | (col(RuntimeInvoice.period) == claim.period)
        )
    )
    found = {row.key: row for row in rows}
    row = found.get(claim.key)
    if row is not None:
        asked = (claim.period, claim.amount, claim.description)
        if (row.period, row.amount, row.description) != asked:
            raise ConflictError(
                "This key was used for another invoice.", reason="idempotency_key_reused"
            )
        return row
    if found:
        raise ConflictError("This month has its invoice.", reason="period_invoiced")
    return None


async def _refuse_what_is_billed_here(ctx: Context, tenant: Tenant, month: BillingMonth) -> None:
    system = replace(ctx, actor=replace(SYSTEM, origin=ctx.actor.origin))
    calls = await call_usage.count(system, [tenant.id], month.start, month.end)
    ours = await ctx.db.scalar(
        ctx.mine(Invoice).where(col(Invoice.period_start) == month.start).limit(1)
    )
    if ours is not None or any(one.charged for one in calls.values()):
        raise ConflictError("This product bills that month itself.", reason="billed_here")


async def _customer(ctx: Context, named: str) -> str:
    method = await payment_methods.current(ctx, ctx.tenant_id)
    ref = method.customer_ref if method and method.provider == CARDS else ""
    if not ref or (named and named != ref):
        raise ConflictError("The tenant is no such customer.", reason="no_customer")
    return ref


async def _tenant(ctx: Context, *, lock: bool = False) -> Tenant:
    tenant = await ctx.db.get(Tenant, ctx.tenant_id, with_for_update=lock, populate_existing=lock)
    if tenant is None or tenant.programme is not Programme.AGENT or tenant.closed_at is not None:
        raise NotFoundError("There is no such tenant.")
    return tenant


def _check_amount(amount: Money) -> None:
    if amount <= Money.zero(amount.currency) or amount != amount.rounded():
        problem = "must be positive and in whole cents"
        raise InvalidInputError(f"The amount {problem}.", fields=[("amount", problem)])
