"""Credit notes, refunds and disputes: the books stay right whatever comes back, in whatever order."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from app.core.clock import FixedClock
from app.core.errors import ConflictError, DomainError, ForbiddenError, InvalidInputError
from app.core.money import Money
from app.rules.statuses import InvoiceStatus, PaymentStatus
from app.services import charges, checkouts, copies, invoices, ledger, refunds
from app.services.context import Context
from app.services.news import NotKnownYetError
from app.services.ports import EventKind, PaymentState
from models.audit import AuditEvent
from models.invoice import Invoice, InvoiceKind
from models.ledger import AccountKind
from models.payment import Checkout, Payment, Refund
from models.person import Role
from models.tenant import Rail, Tenant
from tests.factories import as_ops, as_vendor, make_vendor
from tests.fakes import FakeProviders
from tests.money_kit import (
    again,
    balances,
    close_books,
    fresh,
    jobs,
    mails,
    make_invoice,
    told,
    usd,
    wire,
    work,
)


@pytest.fixture(autouse=True)
async def books(ctx: Context) -> AsyncGenerator[None]:
    """After each test the books are in order, and every mail it caused can be written."""
    yield
    await close_books(ctx)


async def _paid(ctx: Context, **options: Any) -> tuple[Tenant, Invoice, Payment]:
    tenant = await make_vendor(ctx)
    if options:
        tenant.tax_rate = options["tax_rate"]
    invoice = await make_invoice(ctx, tenant)
    await _pay(ctx, invoice)
    return tenant, await fresh(ctx, invoice), (await ctx.db.scalars(select(Payment))).one()


async def _pay(ctx: Context, invoice: Invoice, ref: str = "pay_1") -> str:
    return await told(
        ctx,
        EventKind.PAYMENT_SUCCEEDED,
        invoice_ref=invoice.provider_ref,
        payment_ref=ref,
        amount=wire(invoice.outstanding),
    )


async def _refunded(ctx: Context, total: str, **facts: Any) -> str:
    return await told(
        ctx,
        EventKind.PAYMENT_REFUNDED,
        **{"payment_ref": "pay_1", "refunded_total": wire(usd(total)), **facts},
    )


async def test_a_void_takes_the_whole_claim_back(ctx: Context, providers: FakeProviders) -> None:
    tenant = await make_vendor(ctx)
    tenant.tax_rate = "0.19"
    invoice = await make_invoice(ctx, tenant, units=1)
    assert invoice.carried_out_micros == -5000
    note = await invoices.void_with_credit_note(as_ops(ctx), invoice.id, reason="A mistake")
    assert (note.number, note.kind, note.total) == (
        "CN-2026-00001",
        InvoiceKind.CREDIT_NOTE,
        invoice.total,
    )
    assert (await fresh(ctx, invoice)).status is InvoiceStatus.VOID
    assert await balances(ctx, tenant) == {}
    await work(ctx)
    assert providers.stripe.named("void_invoice") == [{"provider_ref": invoice.provider_ref}]
    mail = (await mails(ctx, "credit_note"))[0]
    assert mail.attachments == [str((await fresh(ctx, note)).pdf_id)]
    with pytest.raises(ConflictError):
        await invoices.void_with_credit_note(as_ops(ctx), invoice.id, reason="Again")
    await close_books(ctx)


async def test_a_void_invoice_cannot_be_paid(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    await invoices.void_with_credit_note(as_ops(ctx), invoice.id, reason="A mistake")
    with pytest.raises(ConflictError, match="Nothing is left"):
        await checkouts.pay_invoice(ctx, invoice.id)
    assert await charges.start(ctx, invoice.id) is None
    await told(
        ctx,
        EventKind.PAYMENT_SUCCEEDED,
        invoice_ref=invoice.provider_ref,
        payment_ref="pay_late",
        amount=wire(usd("25")),
    )
    assert (await fresh(ctx, invoice)).status is InvoiceStatus.VOID
    assert (await balances(ctx, tenant))["credit"] == "-25.00"


async def test_a_part_credited_of_an_open_invoice_leaves_less_to_pay(
    ctx: Context, providers: FakeProviders
) -> None:
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    await invoices.credit(as_ops(ctx), invoice.id, usd("5"), reason="Two devices twice")
    invoice = await fresh(ctx, invoice)
    assert (invoice.status, invoice.outstanding) == (InvoiceStatus.OPEN, usd("20"))
    await work(ctx)
    second = providers.stripe.named("open_invoice")[-1]
    assert second["total"] == usd("20")
    assert sum(line.amount.micros for line in second["lines"]) == usd("20").micros
    invoice = await fresh(ctx, invoice)
    assert invoice.provider_ref == f"in_{invoice.id}.1"
    await _pay(ctx, invoice)
    assert (await fresh(ctx, invoice)).status is InvoiceStatus.PAID
    assert await balances(ctx, tenant) == {"house processor": "20.00", "house revenue": "-20.00"}


async def test_an_invoice_credited_whole_in_parts_ends_void(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    for amount in ("10", "15"):
        await invoices.credit(as_ops(ctx), invoice.id, usd(amount), reason="x")
    assert (await fresh(ctx, invoice)).status is InvoiceStatus.VOID
    with pytest.raises(ConflictError):
        await invoices.credit(as_ops(ctx), invoice.id, usd("1"), reason="x")
    assert await balances(ctx, tenant) == {}


async def test_a_credit_on_a_paid_invoice_waits_to_be_given_back(ctx: Context) -> None:
    tenant, invoice, payment = await _paid(ctx)
    await invoices.credit(as_ops(ctx), invoice.id, usd("5"), reason="Too many")
    assert (await balances(ctx, tenant))["credit"] == "-5.00"
    assert (await fresh(ctx, invoice)).status is InvoiceStatus.PAID
    # Giving exactly that back needs no second credit note.
    await refunds.refund(as_ops(ctx), payment.id, usd("5"), reason="Too many")
    await work(ctx)
    await _refunded(ctx, "5")
    notes = (
        await ctx.db.scalars(select(Invoice).where(col(Invoice.corrects_id).is_not(None)))
    ).all()
    assert len(notes) == 1
    assert await balances(ctx, tenant) == {"house processor": "20.00", "house revenue": "-20.00"}


@pytest.mark.parametrize(
    ("amount", "error"),
    [
        ("0", InvalidInputError),
        ("-1", InvalidInputError),
        ("0.001", InvalidInputError),
        ("26", ConflictError),
    ],
)
async def test_a_credit_stays_within_the_invoice(
    ctx: Context, amount: str, error: type[DomainError]
) -> None:
    invoice = await make_invoice(ctx, await make_vendor(ctx))
    with pytest.raises(error):
        await invoices.credit(as_ops(ctx), invoice.id, usd(amount), reason="x")
    with pytest.raises(InvalidInputError):
        await invoices.credit(as_ops(ctx), invoice.id, Money.of("1", "CNY"), reason="x")
    with pytest.raises(InvalidInputError):
        await invoices.credit(as_ops(ctx), invoice.id, usd("1"), reason="  ")


@pytest.mark.parametrize("tax_rate", ["0", "0.19"])
async def test_a_refund_is_booked_when_the_provider_confirms_it(
    ctx: Context, providers: FakeProviders, tax_rate: str
) -> None:
    tenant, invoice, payment = await _paid(ctx, tax_rate=tax_rate)
    before = await balances(ctx, tenant)
    row = await refunds.refund(as_ops(ctx), payment.id, reason="Goodwill")
    await work(ctx)
    assert await balances(ctx, tenant) == before
    call = providers.stripe.named("refund")[0]
    assert (call["payment_ref"], call["amount"]) == ("pay_1", invoice.total)
    assert call["idempotency_key"] == f"refund:{row.id}"
    total = invoice.total.text()
    assert await _refunded(ctx, total, refund_ref=f"re_{row.id.hex}") == "done"
    assert await _refunded(ctx, total, refund_ref=f"re_{row.id.hex}") == "ignored"
    assert (await fresh(ctx, invoice)).status is InvoiceStatus.REFUNDED
    assert (await fresh(ctx, payment)).status is PaymentStatus.REFUNDED
    assert (await fresh(ctx, row)).status is PaymentStatus.SUCCEEDED
    assert await balances(ctx, tenant) == {}
    assert len(await jobs(ctx, "deliver_invoice")) == 1
    await close_books(ctx)


async def test_refunds_in_steps_add_up(ctx: Context) -> None:
    tenant, invoice, payment = await _paid(ctx, tax_rate="0.19")
    for total in ("10", "10", "20.01", invoice.total.text()):
        await _refunded(ctx, total)
    notes = await ctx.db.scalars(select(Invoice).where(col(Invoice.corrects_id) == invoice.id))
    found = notes.all()
    assert sum(note.tax_micros for note in found) == invoice.tax_micros
    assert sum(note.total_micros for note in found) == invoice.total_micros
    assert await balances(ctx, tenant) == {}
    assert (await fresh(ctx, payment)).kept == usd("0")


async def test_refunds_that_arrive_in_the_wrong_order_count_once(ctx: Context) -> None:
    tenant, _, payment = await _paid(ctx)
    assert await _refunded(ctx, "15") == "done"
    assert await _refunded(ctx, "10") == "ignored"
    assert (await fresh(ctx, payment)).refunded_micros == usd("15").micros
    assert (await balances(ctx, tenant))["house processor"] == "10.00"


async def test_news_about_a_payment_not_known_yet_is_tried_again(ctx: Context) -> None:
    """A refund and a dispute may arrive before the payment they are about."""
    with pytest.raises(NotKnownYetError):
        await _refunded(ctx, "5")
    with pytest.raises(NotKnownYetError):
        await told(ctx, EventKind.DISPUTE_OPENED, payment_ref="pay_1", dispute_ref="dp_1")
    with pytest.raises(ValueError, match="refunded_total"):
        await told(ctx, EventKind.PAYMENT_REFUNDED, payment_ref="pay_1")


async def test_more_than_was_paid_is_never_refunded(ctx: Context) -> None:
    _, _, payment = await _paid(ctx)
    await refunds.refund(as_ops(ctx), payment.id, usd("20"), reason="x")
    with pytest.raises(ConflictError, match=r"5\.00 USD is left"):
        await refunds.refund(as_ops(ctx), payment.id, usd("6"), reason="x")
    for amount in ("0", "-1", "0.001"):
        with pytest.raises(InvalidInputError):
            await refunds.refund(as_ops(ctx), payment.id, usd(amount), reason="x")
    await _refunded(ctx, "20")
    await refunds.refund(as_ops(ctx), payment.id, reason="the rest")
    rows = (
        await ctx.db.scalars(select(Refund.amount_micros).order_by(col(Refund.created_at)))
    ).all()
    assert sorted(rows) == [usd("5").micros, usd("20").micros]


async def test_a_refund_the_provider_refuses_is_shown_and_can_be_asked_for_again(
    ctx: Context, providers: FakeProviders
) -> None:
    _, _, payment = await _paid(ctx)
    row = await refunds.refund(as_ops(ctx), payment.id, reason="x")
    providers.stripe.refuse = True
    await work(ctx)
    row = await fresh(ctx, row)
    assert (row.status, row.failure) == (PaymentStatus.FAILED, "The provider said no.")
    providers.stripe.refuse = False
    await refunds.refund(as_ops(ctx), payment.id, reason="x")


async def _given_back(
    ctx: Context, providers: FakeProviders, payment: Payment, amount: str, total: str
) -> str:
    """Refund a part and have the provider confirm it; returns its id there."""
    row = await refunds.refund(as_ops(ctx), payment.id, usd(amount), reason="x")
    await work(ctx)
    providers.stripe.refunded["pay_1"] = usd(total)
    assert await _refunded(ctx, total) == "done"
    assert (await fresh(ctx, row)).status is PaymentStatus.SUCCEEDED
    return f"re_{row.id.hex}"


async def _refund_failed(ctx: Context, ref: str, amount: str, **facts: Any) -> str:
    return await told(
        ctx,
        EventKind.REFUND_FAILED,
        **{
            "payment_ref": "pay_1",
            "refund_ref": ref,
            "amount": wire(usd(amount)),
            "failure": "account closed",
            **facts,
        },
    )


async def test_a_refund_that_fails_after_it_was_booked_is_owed_again(
    ctx: Context, providers: FakeProviders
) -> None:
    tenant, invoice, payment = await _paid(ctx)
    ref = await _given_back(ctx, providers, payment, "5", "5")
    providers.stripe.refunded["pay_1"] = usd("0")
    assert await _refund_failed(ctx, ref, "5") == "done"
    assert await _refund_failed(ctx, ref, "5") == "ignored"
    assert await _refunded(ctx, "5") == "ignored"  # late, and no longer true
    assert (await balances(ctx, tenant))["credit"] == "-5.00"
    assert (await balances(ctx, tenant))["house processor"] == "25.00"
    row = (await ctx.db.scalars(select(Refund))).one()
    assert (row.status, row.failure) == (PaymentStatus.FAILED, "account closed")
    assert (await fresh(ctx, payment)).kept == usd("25")
    notes = select(Invoice).where(col(Invoice.corrects_id) == invoice.id)
    assert len((await ctx.db.scalars(notes)).all()) == 1
    with pytest.raises(ConflictError, match="credit is"):
        await refunds.settle_credit(as_ops(ctx), tenant.id, usd("6"), reference="wire 1")
    await refunds.settle_credit(as_ops(ctx), tenant.id, usd("3"), reference="wire 1")
    with pytest.raises(ConflictError, match="used before"):
        await refunds.settle_credit(as_ops(ctx), tenant.id, usd("1"), reference="wire 1")
    assert (await balances(ctx, tenant))["credit"] == "-2.00"
    # What was paid out by bank is not refunded a second time.
    with pytest.raises(ConflictError, match=r"22\.00 USD is left"):
        await refunds.refund(as_ops(ctx), payment.id, usd("22.01"), reason="x")


async def test_a_refund_that_failed_is_made_again_and_booked_again(
    ctx: Context, providers: FakeProviders
) -> None:
    tenant, invoice, payment = await _paid(ctx, tax_rate="0.19")
    whole = invoice.total.text()
    ref = await _given_back(ctx, providers, payment, whole, whole)
    assert await balances(ctx, tenant) == {}
    for _ in range(2):  # it fails twice and is made a third time
        providers.stripe.refunded["pay_1"] = usd("0")
        assert await _refund_failed(ctx, ref, whole) == "done"
        assert (await fresh(ctx, payment)).status is PaymentStatus.SUCCEEDED
        assert (await fresh(ctx, invoice)).status is InvoiceStatus.REFUNDED
        assert await balances(ctx, tenant) == {"credit": f"-{whole}", "house processor": whole}
        ref = await _given_back(ctx, providers, payment, whole, whole)
        assert await balances(ctx, tenant) == {}
    assert (await fresh(ctx, payment)).status is PaymentStatus.REFUNDED
    notes = select(Invoice).where(col(Invoice.corrects_id) == invoice.id)
    assert len((await ctx.db.scalars(notes)).all()) == 1


async def test_a_refund_that_fails_before_it_was_booked_moves_nothing(
    ctx: Context, providers: FakeProviders
) -> None:
    """Whichever notification comes first, and if our own call's answer got lost."""
    tenant, _, payment = await _paid(ctx)
    before = await balances(ctx, tenant)
    row = await refunds.refund(as_ops(ctx), payment.id, usd("5"), reason="x")
    providers.stripe.refunded["pay_1"] = usd("0")
    assert await _refund_failed(ctx, "re_lost", "5", reference=row.id.hex) == "done"
    assert await _refunded(ctx, "5") == "ignored"
    assert await balances(ctx, tenant) == before
    row = await fresh(ctx, row)
    assert (row.status, row.provider_ref) == (PaymentStatus.FAILED, "re_lost")
    await work(ctx)
    assert providers.stripe.named("refund") == []  # it ended before its job began
    await _given_back(ctx, providers, payment, "7", "7")
    assert (await balances(ctx, tenant))["house processor"] == "18.00"


async def test_a_refund_made_at_the_provider_that_fails_is_seen(
    ctx: Context, providers: FakeProviders
) -> None:
    tenant, _, _ = await _paid(ctx)
    assert await _refunded(ctx, "9") == "done"
    providers.stripe.refunded["pay_1"] = usd("0")
    assert await _refund_failed(ctx, "re_theirs", "9") == "done"
    assert await _refund_failed(ctx, "re_theirs", "9") == "ignored"
    row = (await ctx.db.scalars(select(Refund))).one()
    assert (row.status, row.reason) == (PaymentStatus.FAILED, "Refunded at the provider")
    assert (await balances(ctx, tenant))["credit"] == "-9.00"


async def test_totals_that_move_while_they_are_read_end_at_the_newest(
    ctx: Context, providers: FakeProviders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read before the refund failed, booked after somebody else saw that it had."""
    tenant, _, payment = await _paid(ctx)
    ref = await _given_back(ctx, providers, payment, "5", "5")
    await refunds.refund(as_ops(ctx), payment.id, usd("2"), reason="y")
    totals = iter([usd("2"), usd("7"), usd("2"), usd("2")])

    async def moving(payment_ref: str) -> Money:
        return next(totals)

    monkeypatch.setattr(providers.stripe, "fetch_refunded", moving)
    assert await _refund_failed(ctx, ref, "5") == "done"
    assert (await fresh(ctx, payment)).refunded_micros == usd("2").micros
    assert (await balances(ctx, tenant))["house processor"] == "23.00"


async def test_a_refund_of_an_invoice_that_is_open_pays_it_again_when_it_fails(
    ctx: Context, providers: FakeProviders
) -> None:
    tenant = await make_vendor(ctx)
    invoice = await make_invoice(ctx, tenant)
    await told(
        ctx,
        EventKind.PAYMENT_SUCCEEDED,
        invoice_ref=invoice.provider_ref,
        payment_ref="pay_1",
        amount=wire(usd("10")),
    )
    payment = (await ctx.db.scalars(select(Payment))).one()
    before = await balances(ctx, tenant)
    ref = await _given_back(ctx, providers, payment, "10", "10")
    assert (await fresh(ctx, invoice)).outstanding == usd("25")
    providers.stripe.refunded["pay_1"] = usd("0")
    await _refund_failed(ctx, ref, "10")
    assert (await fresh(ctx, invoice)).outstanding == usd("15")
    assert await balances(ctx, tenant) == before


async def test_a_provider_that_says_the_money_moved_needs_no_notification(
    ctx: Context, providers: FakeProviders
) -> None:
    tenant, _, payment = await _paid(ctx)
    providers.stripe.refund_outcome = "succeeded"
    row = await refunds.refund(as_ops(ctx), payment.id, usd("5"), reason="x")
    await work(ctx)
    assert (await fresh(ctx, row)).status is PaymentStatus.SUCCEEDED
    assert (await balances(ctx, tenant))["house processor"] == "20.00"
    assert await _refunded(ctx, "5", refund_ref=f"re_{row.id.hex}") == "ignored"


async def test_a_confirmation_that_got_lost_is_asked_for(
    ctx: Context, providers: FakeProviders, clock: FixedClock
) -> None:
    tenant = await make_vendor(ctx, rail=Rail.INVOICE, currency="CNY")
    invoice = await make_invoice(ctx, tenant, price="17.50")
    await checkouts.pay_invoice(ctx, invoice.id)
    page = (await ctx.db.scalars(select(Checkout))).one()
    await told(
        ctx,
        EventKind.PAYMENT_SUCCEEDED,
        provider="alipay",
        checkout_ref=page.provider_ref,
        payment_ref="pay_1",
        amount=wire(invoice.total),
    )
    payment = (await ctx.db.scalars(select(Payment))).one()
    row = await refunds.refund(as_ops(ctx), payment.id, reason="x")
    await work(ctx)
    assert (await fresh(ctx, row)).status is PaymentStatus.PENDING
    providers.alipay.refunded["pay_1"] = invoice.total
    clock.advance(refunds.ASK_AGAIN)
    assert await refunds.resume_due(ctx) == 1
    assert await refunds.resume_due(ctx) == 0
    await work(ctx)
    assert (await fresh(ctx, row)).status is PaymentStatus.SUCCEEDED
    assert await balances(ctx, tenant, "CNY") == {}
    keys = {call["idempotency_key"] for call in providers.alipay.named("refund")}
    assert len(keys) == 1


async def _dispute(ctx: Context, kind: EventKind, **facts: Any) -> str:
    return await told(
        ctx,
        kind,
        **{"payment_ref": "pay_1", "dispute_ref": "dp_1", "amount": wire(usd("25")), **facts},
    )


async def test_a_dispute_that_is_won_leaves_everything_as_it_was(ctx: Context) -> None:
    tenant, invoice, _ = await _paid(ctx)
    before = await balances(ctx, tenant)
    assert await _dispute(ctx, EventKind.DISPUTE_OPENED, reason="fraudulent") == "done"
    assert await _dispute(ctx, EventKind.DISPUTE_OPENED) == "ignored"
    assert (await fresh(ctx, invoice)).status is InvoiceStatus.DISPUTED
    assert (await balances(ctx, tenant))["disputed"] == "25.00"
    assert await _dispute(ctx, EventKind.DISPUTE_CLOSED, outcome="won") == "done"
    assert await _dispute(ctx, EventKind.DISPUTE_CLOSED, outcome="won") == "ignored"
    assert (await fresh(ctx, invoice)).status is InvoiceStatus.PAID
    assert await balances(ctx, tenant) == before


async def test_a_dispute_that_is_lost_takes_the_claim_back(ctx: Context) -> None:
    tenant, invoice, payment = await _paid(ctx, tax_rate="0.19")
    facts = {"amount": wire(invoice.total)}
    await _dispute(ctx, EventKind.DISPUTE_OPENED, **facts)
    assert await _dispute(ctx, EventKind.DISPUTE_CLOSED, outcome="lost", **facts) == "done"
    assert await _dispute(ctx, EventKind.DISPUTE_CLOSED, outcome="lost", **facts) == "ignored"
    assert (await fresh(ctx, invoice)).status is InvoiceStatus.REFUNDED
    assert (await fresh(ctx, payment)).status is PaymentStatus.REFUNDED
    assert await balances(ctx, tenant) == {}


async def test_a_dispute_that_closes_before_it_opens_ends_the_same(ctx: Context) -> None:
    tenant, invoice, _ = await _paid(ctx)
    assert await _dispute(ctx, EventKind.DISPUTE_CLOSED, outcome="lost") == "done"
    assert await _dispute(ctx, EventKind.DISPUTE_OPENED) == "ignored"
    assert (await fresh(ctx, invoice)).status is InvoiceStatus.REFUNDED
    assert await balances(ctx, tenant) == {}


async def test_a_dispute_without_an_outcome_waits(ctx: Context) -> None:
    await _paid(ctx)
    assert await _dispute(ctx, EventKind.DISPUTE_CLOSED, outcome="withdrawn") == "ignored"


async def test_every_notification_may_come_a_second_time(ctx: Context) -> None:
    """Interrupted at the very end, a handler runs again: nothing is done twice."""
    tenant, _, _ = await _paid(ctx)
    await _refunded(ctx, "5")
    await _dispute(ctx, EventKind.DISPUTE_OPENED, amount=wire(usd("20")))
    await _dispute(ctx, EventKind.DISPUTE_CLOSED, outcome="lost", amount=wire(usd("20")))
    before = await balances(ctx, tenant)
    assert set(await again(ctx)) == {"ignored"}
    assert await balances(ctx, tenant) == before
    await close_books(ctx)


async def test_operators_settle_by_reference_and_close_the_other_ways(
    ctx: Context, providers: FakeProviders
) -> None:
    tenant = await make_vendor(ctx, rail=Rail.INVOICE, currency="CNY")
    invoice = await make_invoice(ctx, tenant, price="17.50")
    await checkouts.pay_invoice(ctx, invoice.id)
    await invoices.mark_settled(as_ops(ctx), invoice.id, reference=" wire 42 ")
    assert len(providers.alipay.named("expire_page")) == 1
    assert (await fresh(ctx, invoice)).status is InvoiceStatus.PAID
    payment = (await ctx.db.scalars(select(Payment))).one()
    assert (payment.provider, payment.reference) == ("manual", "wire 42")
    assert await balances(ctx, tenant, "CNY") == {
        "house bank": "175.00",
        "house revenue": "-175.00",
    }
    with pytest.raises(ConflictError):
        await invoices.mark_settled(as_ops(ctx), invoice.id, reference="wire 43")
    with pytest.raises(ConflictError):
        await refunds.refund(as_ops(ctx), payment.id, reason="x")
    kinds = (await ctx.db.scalars(select(AuditEvent.kind))).all()
    assert kinds.count("ops.invoice_settled") == 1


@pytest.mark.parametrize("act", ["void", "credit", "settle"])
async def test_an_invoice_that_is_just_being_paid_is_left_alone(
    ctx: Context, providers: FakeProviders, act: str
) -> None:
    invoice = await make_invoice(ctx, await make_vendor(ctx))

    async def do() -> None:
        ops = as_ops(ctx)
        match act:
            case "void":
                await invoices.void_with_credit_note(ops, invoice.id, reason="x")
            case "credit":
                await invoices.credit(ops, invoice.id, usd("1"), reason="x")
            case _:
                await invoices.mark_settled(ops, invoice.id, reference="x")

    await checkouts.pay_invoice(ctx, invoice.id)
    page = (await ctx.db.scalars(select(Checkout))).one()
    providers.stripe.pages[page.provider_ref] = PaymentState("pending", "pay_1", None)
    with pytest.raises(ConflictError, match="just being paid"):
        await do()
    del providers.stripe.pages[page.provider_ref]
    assert await charges.start(ctx, invoice.id) is not None
    with pytest.raises(ConflictError, match="just being paid"):
        await do()
    assert (await fresh(ctx, invoice)).status is InvoiceStatus.OPEN


async def test_only_operators_correct(ctx: Context) -> None:
    tenant, invoice, payment = await _paid(ctx)
    for other in (as_vendor(ctx, tenant), as_ops(ctx, Role.OPS_VIEWER)):
        for call in (
            lambda who=other: invoices.void_with_credit_note(who, invoice.id, reason="x"),
            lambda who=other: invoices.credit(who, invoice.id, usd("1"), reason="x"),
            lambda who=other: invoices.mark_settled(who, invoice.id, reference="x"),
            lambda who=other: invoices.retry(who, invoice.id),
            lambda who=other: refunds.refund(who, payment.id, reason="x"),
            lambda who=other: refunds.settle_credit(who, tenant.id, usd("1"), reference="x"),
        ):
            with pytest.raises(ForbiddenError):
                await call()


async def test_operators_try_again(ctx: Context, providers: FakeProviders) -> None:
    invoice = await make_invoice(ctx, await make_vendor(ctx))
    assert await invoices.retry(as_ops(ctx), invoice.id) == "charge"
    with pytest.raises(ConflictError, match="under way"):
        await invoices.retry(as_ops(ctx), invoice.id)
    await work(ctx)
    await _pay(ctx, invoice)
    with pytest.raises(ConflictError):
        await invoices.retry(as_ops(ctx), invoice.id)


async def test_a_withdrawal_waits_for_a_charge_under_way(ctx: Context) -> None:
    invoice = await make_invoice(ctx, await make_vendor(ctx))
    await charges.start(ctx, invoice.id)
    with pytest.raises(DomainError, match="under way"):
        await copies.withdraw(ctx, invoice.id)


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["pay", "credit", "refund", "dispute", "lose", "win"]),
        st.integers(1, 3000),
    ),
    max_size=9,
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=_STEPS, tax=st.sampled_from(["0", "0.19", "0.06"]), units=st.integers(1, 12))
async def test_the_books_agree_with_the_invoices_whatever_happens(
    ctx: Context, steps: list[tuple[str, int]], tax: str, units: int
) -> None:
    """What is receivable is what invoices still claim; what is credit is what we hold beyond it."""
    tenant = await make_vendor(ctx)
    tenant.tax_rate = tax
    invoice = await make_invoice(ctx, tenant, units=units)
    base = f"{invoice.id}"
    disputes: list[str] = []
    for number, (act, cents) in enumerate(steps):
        amount = Money.from_minor(cents, "USD")
        try:
            await _act(ctx, invoice, act, amount, f"{base}-{number}", disputes)
        except (ConflictError, NotKnownYetError):
            continue
    invoice = await fresh(ctx, invoice)
    nothing = usd("0")
    claims = invoice.outstanding if invoice.status is InvoiceStatus.OPEN else nothing
    receivable = await ledger.balance(ctx, tenant.id, AccountKind.RECEIVABLE, "USD")
    assert receivable == max(nothing, claims)
    payments = (
        await ctx.db.scalars(select(Payment).where(col(Payment.tenant_id) == tenant.id))
    ).all()
    kept = sum((one.kept.micros for one in payments if one.settled_at), 0)
    held = Money(invoice.paid_micros - invoice.returned_micros, "USD")
    due = Money(invoice.total_micros - invoice.credited_micros, "USD")
    credit = -await ledger.balance(ctx, tenant.id, AccountKind.CREDIT, "USD")
    assert credit.micros == kept - held.micros + max(nothing, held - due).micros
    assert credit >= nothing
    assert invoice.status is InvoiceStatus.OPEN or invoice.outstanding <= nothing
    await close_books(ctx)


async def _act(
    ctx: Context, invoice: Invoice, act: str, amount: Money, name: str, disputes: list[str]
) -> None:
    newest = await ctx.db.scalar(
        select(Payment)
        .where(col(Payment.invoice_id) == invoice.id)
        .order_by(col(Payment.id).desc())
        .limit(1)
    )
    if act == "pay":
        page = checkouts.new_checkout(
            ctx,
            tenant_id=invoice.tenant_id,
            provider="stripe",
            purpose=checkouts.CheckoutPurpose.INVOICE,
            amount=amount,
            invoice_id=invoice.id,
        )
        page.provider_ref, page.status = f"page-{name}", checkouts.CheckoutStatus.EXPIRED
        await ctx.db.flush()
        facts = {"checkout_ref": page.provider_ref, "payment_ref": f"pay-{name}"}
        await told(ctx, EventKind.PAYMENT_SUCCEEDED, amount=wire(amount), **facts)
    elif act == "credit":
        await invoices.credit(as_ops(ctx), invoice.id, amount, reason="x")
    elif newest is None:
        return
    elif act == "refund":
        given = Money(newest.refunded_micros, "USD") + min(amount, newest.kept)
        facts = {"payment_ref": newest.provider_ref, "refunded_total": wire(given)}
        await told(ctx, EventKind.PAYMENT_REFUNDED, **facts)
    elif act == "dispute" and newest.kept and newest.status is PaymentStatus.SUCCEEDED:
        disputes.append(name)
        facts = {"payment_ref": newest.provider_ref, "dispute_ref": name}
        await told(ctx, EventKind.DISPUTE_OPENED, amount=wire(newest.kept), **facts)
    elif act in ("lose", "win") and disputes and newest.status is PaymentStatus.DISPUTED:
        outcome = "lost" if act == "lose" else "won"
        facts = {"payment_ref": newest.provider_ref, "dispute_ref": disputes.pop()}
        await told(ctx, EventKind.DISPUTE_CLOSED, outcome=outcome, **facts)
