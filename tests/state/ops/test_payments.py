from __future__ import annotations

import pytest
from sqlmodel import select

from app.core.errors import ForbiddenError, InvalidInputError
from app.core.ids import new_id
from app.services.context import Context
from models.audit import AuditEvent
from models.payment import Payment, Payout, Refund
from models.tenant import Tenant
from state.ops.payments import PaymentsState
from state.ops.payout_rows import next_step
from state.ops.payouts import PayoutsState
from tests.ops_kit import make_payment, make_payout
from tests.state.conftest import Tab, target
from tests.state.ops.conftest import opened


@pytest.fixture
async def payment(ctx: Context, vendor: Tenant) -> Payment:
    row = await make_payment(ctx, vendor)
    await ctx.db.commit()
    return row


@pytest.fixture
async def payout(ctx: Context, vendor: Tenant) -> Payout:
    row = await make_payout(ctx, vendor)
    await ctx.db.commit()
    return row


async def payments(tab: Tab, query: str = "") -> PaymentsState:
    return await opened(tab, PaymentsState, f"/ops/payments{query}")


async def payouts(tab: Tab, query: str = "") -> PayoutsState:
    return await opened(tab, PayoutsState, f"/ops/payouts{query}")


async def test_vendors_see_neither(tab: Tab, payment: Payment, payout: Payout) -> None:
    for page in (payments, payouts):
        with pytest.raises(ForbiddenError):
            await page(tab)


async def test_a_payment_opens_beside_the_list(payment: Payment, viewer: Tab) -> None:
    state = await payments(viewer, "?q=acme")
    assert [(row.vendor, row.amount, row.status) for row in state.rows] == [
        ("Acme Toys", "$25.00", "succeeded")
    ]
    address = target(await state.open_row(str(payment.id)))
    assert address == f"/ops/payments?q=acme&open={payment.id}"
    state = await payments(viewer, address.removeprefix("/ops/payments"))
    assert (state.detail.id, state.detail.provider_ref) == (str(payment.id), "pi_1")
    assert target(await state.close_row()) == "/ops/payments?q=acme"
    with pytest.raises(InvalidInputError):
        await state.open_row("javascript:alert(1)")


async def test_what_cannot_be_opened_is_said(viewer: Tab) -> None:
    tab_state = await payments(viewer)
    assert tab_state.detail.id == ""
    viewer.go(f"/ops/payments?open={new_id()}")
    assert await tab_state.load() is not None


async def test_a_part_is_refunded_with_its_reason(
    ctx: Context, payment: Payment, operator: Tab
) -> None:
    state = await payments(operator, f"?open={payment.id}")
    await state.ask("refund")
    assert (state.question.preset, state.question.is_danger) == ("25.00", True)
    await state.confirm({"amount": "26.00", "reason": "Outage"})
    assert state.refusal != ""
    await state.confirm({"amount": "10.00", "reason": "Outage"})
    assert [(row.amount, row.status, row.reason) for row in state.refunds] == [
        ("$10.00", "pending", "Outage")
    ]
    assert len((await ctx.db.scalars(select(Refund))).all()) == 1
    rows = await ctx.db.scalars(select(AuditEvent).where(AuditEvent.kind == "ops.payment_refunded"))
    assert len(rows.all()) == 1


async def test_a_viewer_refunds_nothing(ctx: Context, payment: Payment, viewer: Tab) -> None:
    state = await payments(viewer, f"?open={payment.id}")
    await state.ask("refund")
    await state.confirm({"amount": "10.00", "reason": "x"})
    assert state.refusal == "Your role does not allow this."
    assert (await ctx.db.scalars(select(Refund))).all() == []


async def test_a_payout_is_settled_under_a_reference(payout: Payout, operator: Tab) -> None:
    state = await payouts(operator, f"?open={payout.id}&status=held")
    assert (state.detail.can_settle, state.detail.failure) == (True, "no payout account")
    await state.ask("settle")
    await state.confirm({"reference": ""})
    assert "eference" in state.refusal
    await state.confirm({"reference": "BANK 7"})
    assert (state.detail.status, state.detail.reference) == ("paid", "BANK 7")
    assert state.rows == []


async def test_a_held_payout_is_sent_again(ctx: Context, payout: Payout, operator: Tab) -> None:
    state = await payouts(operator, f"?open={payout.id}")
    await state.ask("retry")
    await state.confirm({})
    assert (state.detail.status, state.detail.attempts) == ("pending", 1)
    with pytest.raises(InvalidInputError):
        await state.ask("steal")


async def test_a_viewer_settles_nothing(payout: Payout, viewer: Tab) -> None:
    state = await payouts(viewer, f"?open={payout.id}")
    for act in ("settle", "retry"):
        await state.ask(act)
        await state.confirm({"reference": "x"})
        assert state.refusal == "Your role does not allow this."
    assert state.detail.status == "held"


@pytest.mark.parametrize(
    ("status", "failure", "said"),
    [
        ("held", "no payout account", "connect a payout account under Revenue"),
        ("held", "alipay cannot pay out USD", "Pay it by bank"),
        ("held", "external_account", "complete its payout account"),
        ("failed", "The account is closed.", "Check the account with the vendor"),
    ],
)
def test_a_payout_that_waits_says_what_to_do_next(status: str, failure: str, said: str) -> None:
    assert said in next_step(status, failure)


@pytest.mark.parametrize("status", ["pending", "sent", "paid"])
def test_a_payout_that_is_under_way_asks_for_nothing(status: str) -> None:
    assert next_step(status, "") == ""
