from __future__ import annotations

import pytest
from sqlmodel import select

from app.core.errors import ForbiddenError, InvalidInputError, NotSignedInError
from app.core.ids import new_id
from app.services import delivery
from app.services.context import Context
from models.audit import AuditEvent
from models.invoice import Invoice
from models.tenant import Rail, Tenant
from state.ops.invoice import InvoiceState
from state.ops.invoices import InvoicesState
from tests.factories import make_vendor
from tests.money_kit import mails, make_invoice
from tests.state.conftest import Tab
from tests.state.ops.conftest import opened


@pytest.fixture
async def invoice(ctx: Context, vendor: Tenant) -> Invoice:
    made = await make_invoice(ctx, vendor, pushed=False)
    await ctx.db.commit()
    return made


async def listed(tab: Tab, path: str = "/ops/invoices") -> InvoicesState:
    return await opened(tab, InvoicesState, path)


async def shown(tab: Tab, invoice_id: object) -> InvoiceState:
    return await opened(tab, InvoiceState, f"/ops/invoices/{invoice_id}")


async def test_invoices_are_found_by_number_vendor_and_status(
    ctx: Context, invoice: Invoice, viewer: Tab
) -> None:
    state = await listed(viewer)
    assert [(row.number, row.vendor, row.status, row.total) for row in state.rows] == [
        (invoice.number, "Acme Toys", "open", "$25.00")
    ]
    for query, found in (
        (f"q={invoice.number}", 1),
        ("q=acme", 1),
        ("q=beta", 0),
        ("status=open", 1),
        ("status=paid", 0),
    ):
        assert len((await listed(viewer, f"/ops/invoices?{query}")).rows) == found


async def test_a_late_invoice_is_overdue_and_no_longer_open(
    ctx: Context, invoice: Invoice, viewer: Tab
) -> None:
    invoice.due_at = ctx.now()
    await ctx.db.commit()
    assert [row.status for row in (await listed(viewer, "/ops/invoices?status=overdue")).rows] == [
        "overdue"
    ]
    assert (await listed(viewer, "/ops/invoices?status=open")).rows == []


async def test_vendors_and_strangers_are_refused(tab: Tab, invoice: Invoice) -> None:
    for tried, error in ((tab, ForbiddenError), (Tab(), NotSignedInError)):
        with pytest.raises(error):
            await listed(tried)
        with pytest.raises(error):
            await shown(tried, invoice.id)


async def test_a_missing_invoice_is_said_to_be_missing(viewer: Tab) -> None:
    assert (await shown(viewer, new_id())).is_missing
    assert (await shown(viewer, "x")).is_missing


async def test_a_part_is_credited_with_its_reason(
    ctx: Context, invoice: Invoice, operator: Tab
) -> None:
    state = await shown(operator, invoice.id)
    await state.ask("credit")
    await state.confirm({"amount": "5", "reason": ""})
    assert state.refusal == "Reason must not be empty."
    await state.confirm({"amount": "five", "reason": "Outage"})
    assert "Amount must be an amount" in state.refusal
    await state.confirm({"amount": "5.00", "reason": "Outage"})
    assert (state.one.outstanding, [note.total for note in state.notes]) == ("$20.00", ["$5.00"])
    rows = await ctx.db.scalars(select(AuditEvent).where(AuditEvent.kind == "ops.invoice_credited"))
    assert [row.body["reason"] for row in rows] == ["Outage"]


async def test_voiding_leaves_a_credit_note(invoice: Invoice, operator: Tab) -> None:
    state = await shown(operator, invoice.id)
    await state.ask("void")
    await state.confirm({"reason": "Wrong vendor"})
    assert (state.one.status, state.one.can_credit, len(state.notes)) == ("void", False, 1)
    note = await shown(operator, state.notes[0].id)
    assert (note.one.is_note, note.one.corrects) == (True, invoice.number)


async def test_settling_needs_a_reference(invoice: Invoice, operator: Tab) -> None:
    state = await shown(operator, invoice.id)
    await state.ask("settle")
    await state.confirm({"reference": ""})
    assert state.refusal == "Reference must not be empty."
    await state.confirm({"reference": "BANK 4711"})
    assert (state.one.status, [row.reference for row in state.payments]) == ("paid", ["BANK 4711"])


async def test_an_invoice_of_the_other_rail_is_mailed_again(ctx: Context, operator: Tab) -> None:
    tenant = await make_vendor(ctx, rail=Rail.INVOICE, currency="CNY", name="Nebula")
    invoice = await make_invoice(ctx, tenant, price="17.50", pushed=False)
    await delivery.deliver(ctx, invoice.id)
    await ctx.db.commit()
    state = await shown(operator, invoice.id)
    await state.ask("retry")
    assert state.question.verb == "Mail again"
    await state.confirm({})
    assert len(await mails(ctx, "invoice")) == 2


async def test_a_viewer_changes_nothing(invoice: Invoice, viewer: Tab) -> None:
    state = await shown(viewer, invoice.id)
    for act in ("retry", "void", "credit", "settle"):
        await state.ask(act)
        await state.confirm({"reason": "x", "amount": "1", "reference": "x"})
        assert state.refusal == "Your role does not allow this."
    assert state.one.status == "open"
    with pytest.raises(InvalidInputError):
        await state.ask("delete")
