from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from app.core.clock import FixedClock, wall_now
from app.core.errors import NotSignedInError
from app.core.money import Money
from app.rules.statuses import PaymentStatus
from app.services import charges, invoices
from app.services.context import Context
from models.invoice import Invoice, InvoiceDevice
from models.payment import ChargeAttempt
from models.person import Person
from models.tenant import Rail, Tenant
from state.vendor.invoice import SIZE, InvoiceState
from tests.factories import as_ops, make_person, make_vendor
from tests.money_kit import make_invoice, used
from tests.state.conftest import Tab, sign_in, target


async def shown(tab: Tab, invoice_id: Any, query: str = "") -> InvoiceState:
    tab.go(f"/vendor/invoices/{invoice_id}{query}")
    state = await tab.state(InvoiceState)
    await state.load()
    return state


@pytest.fixture
async def invoice(ctx: Context, vendor: Tenant) -> Invoice:
    made = await make_invoice(ctx, vendor, pushed=False)
    await ctx.db.commit()
    return made


async def failed_charge(ctx: Context, invoice: Invoice) -> None:
    attempt = ChargeAttempt(
        tenant_id=invoice.tenant_id,
        invoice_id=invoice.id,
        number=1,
        created_at=ctx.now(),
        started_at=wall_now(),
        next_at=ctx.now(),
    )
    ctx.db.add(attempt)
    await ctx.db.flush()
    await charges.fail(ctx, invoice, attempt, failure="card_declined", payment_ref="pi_1")
    await ctx.db.commit()


async def test_an_invoice_says_what_is_owed_and_why(tab: Tab, invoice: Invoice) -> None:
    state = await shown(tab, invoice.id)
    assert (state.one.number, state.one.total, state.one.status) == (
        invoice.number,
        "$25.00",
        "open",
    )
    assert [(row.text, row.quantity, row.price, row.amount) for row in state.lines] == [
        ("Active devices", "10", "$2.50", "$25.00")
    ]
    assert [(row.label, row.amount) for row in state.sums] == [
        ("Subtotal", "$25.00"),
        ("Tax 0%", "$0.00"),
        ("Total", "$25.00"),
    ]
    assert (state.why.quantity, state.why.price, state.why.amount) == ("10", "$2.50", "$25.00")
    assert state.tries == []


async def test_a_card_is_charged_by_itself(tab: Tab, invoice: Invoice) -> None:
    state = await shown(tab, invoice.id)
    assert (state.pay.href, state.pay.line) == ("", "We will charge your payment method.")


async def test_after_a_failed_charge_the_vendor_may_pay_itself(
    ctx: Context, tab: Tab, invoice: Invoice
) -> None:
    await failed_charge(ctx, invoice)
    state = await shown(tab, invoice.id)
    assert state.pay.href.startswith("/v1/pay/")
    assert "refused. We try again on" in state.pay.line
    assert [(row.what, row.status, row.note) for row in state.tries] == [
        ("Charge 1", "failed", "card_declined")
    ]


async def test_while_a_charge_is_under_way_nothing_else_takes_the_money(
    ctx: Context, tab: Tab, invoice: Invoice
) -> None:
    await failed_charge(ctx, invoice)
    ctx.db.add(
        ChargeAttempt(
            tenant_id=invoice.tenant_id,
            invoice_id=invoice.id,
            number=2,
            created_at=ctx.now(),
            started_at=wall_now(),
            next_at=ctx.now(),
        )
    )
    await ctx.db.commit()
    state = await shown(tab, invoice.id)
    assert (state.pay.href, state.pay.line) == ("", "We are charging your payment method now.")
    assert [row.status for row in state.tries] == ["failed", "pending"]


async def test_who_pays_with_alipay_gets_the_button_at_once(ctx: Context, open_tab: Any) -> None:
    tenant = await make_vendor(ctx, rail=Rail.INVOICE, currency="CNY", price_micros=17_500_000)
    owner: Person = await make_person(ctx, tenant)
    made = await make_invoice(ctx, tenant, price="17.50", pushed=False)
    state = await shown(open_tab(await sign_in(ctx, owner)), made.id)
    assert state.pay.href.startswith("/v1/pay/")
    assert state.pay.amount.endswith("175.00")


async def test_a_paid_one_shows_its_payment_and_no_button(
    ctx: Context, tab: Tab, invoice: Invoice
) -> None:
    await failed_charge(ctx, invoice)
    await invoices.mark_settled(as_ops(ctx), invoice.id, reference="BANK-7")
    await ctx.db.commit()
    state = await shown(tab, invoice.id)
    assert (state.one.status, state.pay.href, state.pay.line) == ("paid", "", "")
    assert state.pay.paid
    assert [(row.what, row.amount, row.status) for row in state.tries] == [
        ("Charge 1", "", "failed"),
        ("BANK-7", "$25.00", "succeeded"),
    ]


async def test_credit_notes_and_their_invoice_lead_to_each_other(
    ctx: Context, tab: Tab, invoice: Invoice
) -> None:
    note = await invoices.credit(
        as_ops(ctx), invoice.id, Money.of("5", "USD"), reason="Two devices were ours"
    )
    await ctx.db.commit()
    state = await shown(tab, invoice.id)
    assert [(row.number, row.total) for row in state.notes] == [(note.number, "−$5.00")]
    assert ("Still to pay", "$20.00") in [(row.label, row.amount) for row in state.sums]
    state = await shown(tab, note.id)
    assert (state.corrected.number, state.has_notes) == (invoice.number, False)
    assert state.lines[0].detail == "Two devices were ours"
    assert state.why.quantity == ""


async def test_the_devices_counted_come_in_pages_and_lead_to_each(
    ctx: Context, tab: Tab, vendor: Tenant, invoice: Invoice
) -> None:
    for device in await used(ctx, vendor, SIZE + 1):
        ctx.db.add(
            InvoiceDevice(
                invoice_id=invoice.id,
                device_pk=device.id,
                tenant_id=vendor.id,
                device_id=device.device_id,
                user_omni=device.user_omni,
                events=3,
                last_day=dt.date(2026, 11, 15),
            )
        )
    await ctx.db.commit()
    first = (await shown(tab, invoice.id)).counted
    assert (first[0].device_id, first[0].events, first[0].last_day) == (
        "SN-0000",
        "3",
        "15 Nov 2026",
    )
    assert first[0].href == f"/vendor/devices?open={first[0].id}"
    state = await shown(tab, invoice.id, "?page=2")
    assert [row.device_id for row in state.counted] == [f"SN-{SIZE:04d}"]
    assert state.page.text == f"{SIZE + 1}–{SIZE + 1} / {SIZE + 1}"
    assert target(await state.turn_to(1)) == f"/vendor/invoices/{invoice.id}"


async def test_a_strangers_invoice_looks_like_none(rival: Tab, invoice: Invoice) -> None:
    state = await shown(rival, invoice.id)
    assert (state.is_missing, state.one.id, state.lines, state.pay.href) == (True, "", [], "")


@pytest.mark.parametrize("wanted", ["0190b1f0-0000-7000-8000-000000000000", "no-id"])
async def test_what_names_no_invoice_is_missing(tab: Tab, invoice: Invoice, wanted: str) -> None:
    assert (await shown(tab, invoice.id)).is_missing is False
    state = await shown(tab, wanted)
    assert (state.is_missing, state.one.id) == (True, "")


async def test_it_moves_by_itself_when_it_is_paid(
    ctx: Context, clock: FixedClock, tab: Tab, invoice: Invoice
) -> None:
    state = await shown(tab, invoice.id)
    clock.advance(dt.timedelta(seconds=5))
    await invoices.mark_settled(as_ops(ctx), invoice.id, reference="BANK-8")
    await ctx.db.commit()
    await state.tick()
    assert (state.one.status, state.tries[0].status) == ("paid", PaymentStatus.SUCCEEDED)


async def test_strangers_are_sent_away(open_tab: Any, invoice: Invoice) -> None:
    with pytest.raises(NotSignedInError):
        await shown(open_tab(""), invoice.id)
