"""The revenue share: every payment in one payout, paid once, carried where it cannot be paid."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator

import pytest
from sqlmodel import col, select

from app.core.clock import FixedClock
from app.core.errors import ConflictError, ForbiddenError, InvalidInputError, ProviderDownError
from app.core.ids import new_id
from app.core.money import CurrencyMismatchError, Money
from app.rules.revenue import share_of
from app.rules.statuses import PayoutStatus
from app.services import (
    billing_runs,
    payout_accounts,
    payouts,
    revenue_lists,
    statements,
    transfers,
)
from app.services.context import Context
from app.services.ports import EventKind
from models.payment import Payout, PayoutAccount
from models.stored_file import StoredFile
from models.tenant import Rail, Tenant
from models.usage import ProPayment
from tests.factories import USER, as_ops, as_vendor, make_device, make_vendor
from tests.fakes import FakeProviders
from tests.money_kit import (
    NOVEMBER,
    balances,
    close_books,
    fresh,
    mails,
    told,
    until,
    usd,
    wire,
    work,
)

PERIOD = "2026-11"


@pytest.fixture(autouse=True)
async def books(ctx: Context) -> AsyncGenerator[None]:
    """After each test the books are in order, and every mail it caused can be written."""
    yield
    await close_books(ctx)


async def _pro(
    ctx: Context,
    tenant: Tenant,
    gross: str,
    *,
    at: dt.datetime | None = None,
    currency: str = "USD",
) -> ProPayment:
    amount = Money.of(gross, currency)
    row = ProPayment(
        source_id=new_id(),
        event_id=str(new_id()),
        tenant_id=tenant.id,
        kind="paid" if amount.micros > 0 else "refunded",
        subscription_ref="sub_1",
        user_omni=USER,
        gross_micros=amount.micros,
        share_micros=share_of(amount).micros,
        currency=currency,
        occurred_at=at or ctx.now(),
    )
    ctx.db.add(row)
    await ctx.db.flush()
    return row


async def _ready(ctx: Context, tenant: Tenant, *, is_ready: bool = True) -> PayoutAccount:
    account = PayoutAccount(
        tenant_id=tenant.id,
        provider="stripe" if tenant.rail is Rail.CARD else "alipay",
        account_ref=f"acct_{tenant.id}",
        is_ready=is_ready,
        created_at=ctx.now(),
    )
    ctx.db.add(account)
    await ctx.db.flush()
    return account


async def _prepared(ctx: Context, tenant: Tenant, period: str = PERIOD) -> Payout:
    return await ctx.db.get_one(Payout, (await payouts.prepare(ctx, tenant.id, period))[0])


async def test_a_month_is_paid_out_once(
    ctx: Context, clock: FixedClock, providers: FakeProviders
) -> None:
    tenant = await make_vendor(ctx)
    await _ready(ctx, tenant)
    for gross in ("10", "10", "20"):
        await _pro(ctx, tenant, gross)
    await _pro(ctx, tenant, "-10")
    await _pro(ctx, tenant, "50", at=NOVEMBER.end)
    until(clock, NOVEMBER.end + dt.timedelta(hours=1))
    payout = await _prepared(ctx, tenant)
    assert (payout.gross_micros, payout.amount_micros) == (usd("30").micros, 0)
    assert payout.carried_out_micros == usd("9").micros
    assert await payouts.prepare(ctx, tenant.id, PERIOD) == [payout.id]
    assert await balances(ctx, tenant) == {"payable": "-9.00", "house revenue_share": "9.00"}
    until(clock, dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
    second = await _prepared(ctx, tenant, "2026-12")
    assert second.amount_micros == usd("24").micros
    assert second.carried_in_micros == usd("9").micros
    await payouts.start_sending(ctx, second.id)
    await payouts.start_sending(ctx, second.id)
    await work(ctx)
    assert await payouts.send(ctx, second.id) == "paid"
    call = providers.stripe.named("pay_out")
    assert len(call) == 1
    assert (call[0]["amount"], call[0]["account_ref"]) == (usd("24"), f"acct_{tenant.id}")
    assert await balances(ctx, tenant) == {
        "house processor": "-24.00",
        "house revenue_share": "24.00",
    }
    assert [payout.number, second.number] == ["ST-2026-00001", "ST-2027-00001"]
    mine = await payouts.list_page(as_vendor(ctx, tenant), limit=1)
    rest = await payouts.list_page(as_vendor(ctx, tenant), limit=1, cursor=mine.next_cursor)
    assert [*mine.rows, *rest.rows] == [second, payout]
    assert (await payouts.list_page(as_vendor(ctx, await make_vendor(ctx)))).rows == []
    await close_books(ctx)


async def test_refunds_beyond_the_share_are_carried_as_a_debt(
    ctx: Context, clock: FixedClock
) -> None:
    tenant = await make_vendor(ctx)
    await _pro(ctx, tenant, "-100")
    until(clock, NOVEMBER.end)
    payout = await _prepared(ctx, tenant)
    assert (payout.amount_micros, payout.status) == (0, PayoutStatus.PAID)
    assert payout.carried_out_micros == usd("-30").micros
    await _pro(ctx, tenant, "200", at=dt.datetime(2026, 12, 2, tzinfo=dt.UTC))
    until(clock, dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
    assert (await _prepared(ctx, tenant, "2026-12")).amount_micros == usd("30").micros


async def test_what_comes_late_is_paid_with_the_next_month(ctx: Context, clock: FixedClock) -> None:
    tenant = await make_vendor(ctx)
    await _pro(ctx, tenant, "100")
    until(clock, NOVEMBER.end)
    first = await _prepared(ctx, tenant)
    late = await _pro(ctx, tenant, "100", at=NOVEMBER.start)
    assert (await payouts.prepare(ctx, tenant.id, PERIOD)) == [first.id]
    until(clock, dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
    second = await _prepared(ctx, tenant, "2026-12")
    assert (await fresh(ctx, late)).payout_id == second.id
    assert second.amount_micros == usd("30").micros


async def test_each_currency_has_its_own_payout(ctx: Context, clock: FixedClock) -> None:
    tenant = await make_vendor(ctx)
    await _pro(ctx, tenant, "100")
    await _pro(ctx, tenant, "1000", currency="CNY")
    until(clock, NOVEMBER.end)
    ids = await payouts.prepare(ctx, tenant.id, PERIOD)
    rows = [await ctx.db.get_one(Payout, one) for one in ids]
    assert [(row.currency, row.amount_micros) for row in rows] == [
        ("CNY", Money.of(300, "CNY").micros),
        ("USD", usd("30").micros),
    ]


async def test_a_vendor_without_an_account_is_paid_once_it_is_ready(
    ctx: Context, clock: FixedClock, providers: FakeProviders
) -> None:
    tenant = await make_vendor(ctx)
    account = await _ready(ctx, tenant, is_ready=False)
    await _pro(ctx, tenant, "100")
    until(clock, NOVEMBER.end)
    payout = await _prepared(ctx, tenant)
    assert await payouts.send(ctx, payout.id) == "held"
    assert await payouts.send(ctx, payout.id) == "held"
    assert providers.stripe.named("pay_out") == []
    facts = {"account_ref": account.account_ref, "is_ready": True}
    await told(ctx, EventKind.PAYOUT_ACCOUNT_CHANGED, provider="stripe-connect", **facts)
    await work(ctx)
    assert (await fresh(ctx, payout)).status is PayoutStatus.PAID
    assert len(providers.stripe.named("pay_out")) == 1


async def test_a_send_repeated_after_a_crash_uses_the_same_key(
    ctx: Context, clock: FixedClock, providers: FakeProviders
) -> None:
    tenant = await make_vendor(ctx)
    await _ready(ctx, tenant)
    await _pro(ctx, tenant, "100")
    until(clock, NOVEMBER.end)
    payout = await _prepared(ctx, tenant)
    providers.stripe.down = 1
    with pytest.raises(ProviderDownError):
        await payouts.send(ctx, payout.id)
    await ctx.db.rollback()
    assert await payouts.resume_due(ctx) == 0
    clock.advance(payouts.STUCK)
    assert await payouts.resume_due(ctx) == 1
    assert await payouts.resume_due(ctx) == 0
    await work(ctx)
    calls = providers.stripe.named("pay_out")
    assert len(calls) == 2
    assert calls[0] == calls[1]


async def test_a_refused_payout_is_shown_and_sent_again_under_a_new_key(
    ctx: Context, clock: FixedClock, providers: FakeProviders
) -> None:
    tenant = await make_vendor(ctx)
    await _ready(ctx, tenant)
    await _pro(ctx, tenant, "100")
    until(clock, NOVEMBER.end)
    payout = await _prepared(ctx, tenant)
    providers.stripe.refuse = True
    assert await payouts.send(ctx, payout.id) == "failed"
    assert (await fresh(ctx, payout)).failure == "The provider said no."
    providers.stripe.refuse = False
    await payouts.retry(as_ops(ctx), payout.id)
    with pytest.raises(ConflictError):
        await payouts.retry(as_ops(ctx), payout.id)
    await work(ctx)
    assert (await fresh(ctx, payout)).status is PayoutStatus.PAID
    keys = [call["idempotency_key"] for call in providers.stripe.named("pay_out")]
    assert keys == [f"payout:{payout.id}:0", f"payout:{payout.id}:1"]


async def test_a_payout_that_comes_back_is_owed_again(ctx: Context, clock: FixedClock) -> None:
    tenant = await make_vendor(ctx)
    await _ready(ctx, tenant)
    await _pro(ctx, tenant, "100")
    until(clock, NOVEMBER.end)
    payout = await _prepared(ctx, tenant)
    await payouts.send(ctx, payout.id)
    ref = (await fresh(ctx, payout)).provider_ref
    facts = {"payout_ref": ref, "failure": "account closed"}
    assert await told(ctx, EventKind.PAYOUT_REVERSED, **facts) == "done"
    assert await told(ctx, EventKind.PAYOUT_REVERSED, **facts) == "ignored"
    assert (await balances(ctx, tenant))["payable"] == "-30.00"
    await payouts.retry(as_ops(ctx), payout.id)
    await work(ctx)
    assert await balances(ctx, tenant) == {
        "house processor": "-30.00",
        "house revenue_share": "30.00",
    }


async def _sent(ctx: Context, clock: FixedClock, gross: str = "100") -> tuple[Tenant, Payout]:
    tenant = await make_vendor(ctx)
    await _ready(ctx, tenant)
    await _pro(ctx, tenant, gross)
    until(clock, NOVEMBER.end)
    payout = await _prepared(ctx, tenant)
    assert await payouts.send(ctx, payout.id) == "paid"
    return tenant, await fresh(ctx, payout)


async def _came_back(ctx: Context, ref: str | None, total: str, **more: str) -> str:
    facts = {"payout_ref": ref, "amount": wire(usd(total)), "failure": "reversed", **more}
    return await told(ctx, EventKind.PAYOUT_REVERSED, **facts)


async def test_what_comes_back_in_parts_is_booked_part_by_part(
    ctx: Context, clock: FixedClock, providers: FakeProviders
) -> None:
    tenant, payout = await _sent(ctx, clock)
    ref = payout.provider_ref
    assert await _came_back(ctx, ref, "4") == "done"
    assert (await balances(ctx, tenant))["payable"] == "-4.00"
    assert (await balances(ctx, tenant))["house processor"] == "-26.00"
    payout = await fresh(ctx, payout)
    assert (payout.status, payout.owed) == (PayoutStatus.FAILED, usd("4"))
    assert payout.failure == "4.00 USD came back: reversed"
    assert await revenue_lists.paid_out(as_vendor(ctx, tenant)) == [usd("26")]
    assert [await _came_back(ctx, ref, total) for total in ("4", "10", "4", "10")] == [
        "ignored",
        "done",
        "ignored",
        "ignored",
    ]
    assert (await balances(ctx, tenant))["payable"] == "-10.00"
    await payouts.retry(as_ops(ctx), payout.id)
    await work(ctx)
    payout = await fresh(ctx, payout)
    assert (payout.status, payout.owed) == (PayoutStatus.PAID, usd("0"))
    assert [call["amount"] for call in providers.stripe.named("pay_out")] == [usd("30"), usd("10")]
    # The first sending comes back further, after the second was made: only the first's rest.
    assert await _came_back(ctx, ref, "30") == "done"
    assert await _came_back(ctx, payout.provider_ref, "10") == "done"
    assert await _came_back(ctx, payout.provider_ref, "10") == "ignored"
    payout = await fresh(ctx, payout)
    assert (payout.status, payout.owed) == (PayoutStatus.FAILED, usd("30"))
    assert (await balances(ctx, tenant))["payable"] == "-30.00"
    await payouts.settle_manually(as_ops(ctx), payout.id, reference="wire 7")
    assert await balances(ctx, tenant) == {
        "house bank": "-30.00",
        "house revenue_share": "30.00",
    }
    for more in ("30.01", "31"):
        with pytest.raises(ValueError, match="came back of"):
            await _came_back(ctx, ref, more)


async def test_what_comes_back_while_the_rest_is_sent_again_is_owed_still(
    ctx: Context, clock: FixedClock
) -> None:
    tenant, payout = await _sent(ctx, clock)
    await _came_back(ctx, payout.provider_ref, "4")
    await payouts.retry(as_ops(ctx), payout.id)
    payout = await fresh(ctx, payout)
    again = await transfers.begin(ctx, payout, "stripe", "acct_x")
    assert again.amount == usd("4")
    await _came_back(ctx, "tr_" + payout.id.hex, "6")
    payout = await fresh(ctx, payout)
    assert (payout.status, payout.owed) == (PayoutStatus.PENDING, usd("6"))
    assert await payouts.send(ctx, payout.id) == "failed"
    payout = await fresh(ctx, payout)
    assert (payout.owed, payout.failure) == (usd("2"), "2.00 USD came back and is still owed")
    assert (await balances(ctx, tenant))["payable"] == "-2.00"


async def test_what_may_have_been_asked_for_is_asked_for_again_as_it_was(
    ctx: Context, clock: FixedClock, providers: FakeProviders
) -> None:
    """The account changes, or is closed, between a lost answer and the next try."""
    tenant = await make_vendor(ctx)
    account = await _ready(ctx, tenant)
    await _pro(ctx, tenant, "100")
    until(clock, NOVEMBER.end)
    payout = await _prepared(ctx, tenant)
    providers.stripe.down = 1
    with pytest.raises(ProviderDownError):
        await payouts.send(ctx, payout.id)
    account = await fresh(ctx, account)
    account.account_ref, account.is_ready = "acct_other", False
    await ctx.db.flush()
    assert await payouts.send(ctx, payout.id) == "paid"
    first, second = providers.stripe.named("pay_out")
    assert first == second


async def test_a_payout_that_came_back_whole_is_settled_by_bank(
    ctx: Context, clock: FixedClock
) -> None:
    tenant, payout = await _sent(ctx, clock)
    await _came_back(ctx, payout.provider_ref, "30")
    await payouts.settle_manually(as_ops(ctx), payout.id, reference="wire 8")
    assert await balances(ctx, tenant) == {
        "house bank": "-30.00",
        "house revenue_share": "30.00",
    }


async def test_what_came_back_in_another_currency_is_left_to_operations(
    ctx: Context, clock: FixedClock
) -> None:
    tenant, payout = await _sent(ctx, clock)
    with pytest.raises(CurrencyMismatchError):
        await _came_back(ctx, payout.provider_ref, "4", amount=wire(Money.of("4", "CNY")))
    assert "payable" not in await balances(ctx, tenant)


async def test_operators_settle_by_hand_under_a_reference(
    ctx: Context, clock: FixedClock, providers: FakeProviders
) -> None:
    tenant = await make_vendor(ctx, rail=Rail.INVOICE, currency="CNY")
    await _ready(ctx, tenant)
    providers.alipay.can_pay_out = False
    await _pro(ctx, tenant, "1000", currency="CNY")
    until(clock, NOVEMBER.end)
    payout = await _prepared(ctx, tenant)
    with pytest.raises(ConflictError):
        await payouts.settle_manually(as_ops(ctx), payout.id, reference="wire 1")
    assert await payouts.send(ctx, payout.id) == "held"
    with pytest.raises(InvalidInputError):
        await payouts.settle_manually(as_ops(ctx), payout.id, reference=" ")
    await payouts.settle_manually(as_ops(ctx), payout.id, reference="wire 1")
    with pytest.raises(ConflictError):
        await payouts.settle_manually(as_ops(ctx), payout.id, reference="wire 1")
    assert (await balances(ctx, tenant, "CNY"))["house bank"] == "-300.00"
    with pytest.raises(ForbiddenError):
        await payouts.settle_manually(as_vendor(ctx, tenant), payout.id, reference="x")


async def test_the_statement_is_drawn_once_and_mailed_as_stored(
    ctx: Context, clock: FixedClock
) -> None:
    tenant = await make_vendor(ctx)
    await make_device(ctx, tenant)
    await _pro(ctx, tenant, "100")
    refunded = await _pro(ctx, tenant, "20")
    back = await _pro(ctx, tenant, "-20")
    back.refunds_id = refunded.id
    until(clock, NOVEMBER.end)
    payout = await _prepared(ctx, tenant)
    first = await statements.deliver(ctx, payout.id)
    assert await statements.deliver(ctx, payout.id) == first
    assert len((await ctx.db.scalars(select(StoredFile))).all()) == 1
    mail = (await mails(ctx, "payout_statement"))[0]
    assert mail.attachments == [first]
    doc = await statements.document_of(ctx, payout)
    assert len(doc.lines) == 3
    assert doc.subtotal == usd("30")
    assert doc.total == usd("30")
    file = await statements.pdf(as_vendor(ctx, tenant), payout.id)
    assert file.content.startswith(b"%PDF")


async def test_the_monthly_run_pays_out_even_without_an_invoice(
    ctx: Context, clock: FixedClock, providers: FakeProviders
) -> None:
    tenant = await make_vendor(ctx)
    await _ready(ctx, tenant)
    await _pro(ctx, tenant, "100")
    until(clock, NOVEMBER.end)
    await billing_runs.start_run(ctx, PERIOD)
    await work(ctx)
    assert (await ctx.db.scalars(select(Payout.status))).all() == [PayoutStatus.PAID]
    assert len(providers.stripe.named("pay_out")) == 1
    assert await payout_accounts.current(ctx, tenant.id) is not None
    unpaid = select(ProPayment).where(col(ProPayment.payout_id).is_(None))
    assert (await ctx.db.scalars(unpaid)).all() == []
