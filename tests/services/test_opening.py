"""Invoice totals over months: what is claimed and what is carried add up to what was owed, exactly."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from app.core.ids import new_id
from app.core.money import Money
from app.rules.invoicing import LineKind, line
from app.services import invoice_docs, ledger, opening, parties
from app.services.context import Context
from app.services.opening import Draft, DraftLine
from models.invoice import Invoice, InvoiceLine
from models.ledger import AccountKind
from tests.factories import make_vendor
from tests.money_kit import NOVEMBER, close_books, make_invoice, usd

_MONTHS = st.lists(st.tuples(st.integers(1, 5000), st.integers(200, 300)), min_size=1, max_size=6)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    months=_MONTHS,
    tax=st.decimals("0", "0.3", places=4),
    reverse_charge=st.booleans(),
)
async def test_claims_and_carry_are_what_was_owed(
    ctx: Context, months: list[tuple[int, int]], tax: Decimal, reverse_charge: bool
) -> None:
    tenant = await make_vendor(ctx)
    tenant.tax_rate, tenant.is_reverse_charge = str(tax), reverse_charge
    owed = claimed = Money.zero("USD")
    for units, cents in months:
        invoice = opening.draft(
            ctx, tenant, NOVEMBER, business_key=f"test:{new_id()}", currency="USD"
        )
        await ctx.db.flush()
        charged = line(
            LineKind.DEVICES, "line.active_devices", units, Money.from_minor(cents, "USD")
        )
        await opening.open_drafts(
            ctx, [Draft(invoice, tenant, [DraftLine(charged, "Active devices")])]
        )
        assert invoice.total == invoice.total.rounded()
        owed += charged.amount
        owed += Money.zero("USD") if reverse_charge else charged.amount.times(tax)
        claimed += invoice.total
    carried = await ledger.balance(ctx, tenant.id, AccountKind.ROUNDING, "USD")
    assert claimed + carried == owed
    assert abs(carried.micros) <= 5000
    assert await ledger.balance(ctx, tenant.id, AccountKind.RECEIVABLE, "USD") == claimed
    await close_books(ctx)


async def test_parties_and_lines_stay_as_they_were(ctx: Context) -> None:
    """What changes about a vendor afterwards changes no document."""
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    before = await invoice_docs.document_of(ctx, invoice)
    tenant.legal_name, tenant.address, tenant.tax_id = "Renamed Ltd", "Elsewhere", "X1"
    tenant.locale, tenant.country = "zh-CN", "CN"
    ctx.settings.seller_name = "Somebody Else"
    await ctx.db.flush()
    assert await invoice_docs.document_of(ctx, invoice) == before
    assert ctx.documents.pdf(before) == ctx.documents.pdf(before)
    assert parties.buyer(tenant)["name"] == "Renamed Ltd"


async def test_one_claim_a_fact(ctx: Context) -> None:
    """The business key is never null, so its unique index holds."""
    tenant = await make_vendor(ctx)
    for _ in range(2):
        opening.draft(ctx, tenant, NOVEMBER, business_key="vendor:x:2026-11", currency="USD")
    with pytest.raises(IntegrityError, match="business_key"):
        await ctx.db.flush()
    await ctx.db.rollback()


async def test_the_document_says_what_the_row_says(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    tenant.tax_rate, tenant.tax_id, tenant.is_reverse_charge = "0.19", "DE123", True
    invoice: Invoice = await make_invoice(ctx, tenant)
    doc = await invoice_docs.document_of(ctx, invoice)
    assert (doc.number, doc.total, doc.currency) == ("TP-2026-00001", usd("25"), "USD")
    assert doc.tax is not None
    assert (doc.tax.rate, doc.tax.amount) == (Decimal("0.19"), usd("0"))
    assert str(doc.due_on) == "2026-12-04"
    rows = await ctx.db.scalars(select(InvoiceLine).where(col(InvoiceLine.position) == 1))
    assert rows.one().quantity == doc.lines[0].quantity == "10"
    assert doc.pay is not None
    assert doc.pay.link.startswith("http://portal.test/v1/pay/")
