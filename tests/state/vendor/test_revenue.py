from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from app.core.errors import ConflictError, NotSignedInError
from app.core.ids import new_id
from app.core.money import Money
from app.rules.revenue import share_of
from app.rules.statuses import PayoutStatus
from app.services.context import Context
from models.device import Device
from models.payment import Payout, PayoutAccount
from models.person import Person
from models.tenant import Rail, Tenant
from models.usage import ProPayment
from state.vendor.payouts import PayoutsState
from state.vendor.revenue import SIZE, RevenueState
from tests.factories import USER, make_device, make_person, make_vendor
from tests.state.conftest import Tab, sign_in, target


async def pro(
    ctx: Context,
    tenant: Tenant,
    gross: str,
    *,
    at: dt.datetime | None = None,
    refunds: ProPayment | None = None,
    ref: str = "sub_1",
) -> ProPayment:
    amount = Money.of(gross, "USD")
    row = ProPayment(
        source_id=new_id(),
        event_id=str(new_id()),
        tenant_id=tenant.id,
        kind="refunded" if refunds else "paid",
        subscription_ref=ref,
        user_omni=USER,
        refunds_id=refunds.id if refunds else None,
        gross_micros=amount.micros,
        share_micros=share_of(amount).micros,
        currency="USD",
        occurred_at=at or ctx.now(),
    )
    ctx.db.add(row)
    await ctx.db.commit()
    return row


async def payout(ctx: Context, tenant: Tenant, period: str, amount: str, **values: Any) -> Payout:
    if values.get("status") in (PayoutStatus.SENT, PayoutStatus.PAID):
        values["sent_micros"] = Money.of(amount, "USD").micros
    row = Payout(
        tenant_id=tenant.id,
        period=period,
        number=f"RS-{period}",
        amount_micros=Money.of(amount, "USD").micros,
        currency="USD",
        created_at=ctx.now(),
        **values,
    )
    ctx.db.add(row)
    await ctx.db.commit()
    return row


@pytest.fixture
async def device(ctx: Context, vendor: Tenant) -> Device:
    return await make_device(ctx, vendor)


async def shown(tab: Tab, query: str = "") -> RevenueState:
    tab.go(f"/vendor/revenue{query}")
    state = await tab.state(RevenueState)
    await state.load()
    return state


async def paid_out(tab: Tab, query: str = "") -> PayoutsState:
    tab.go(f"/vendor/revenue{query}")
    state = await tab.state(PayoutsState)
    await state.load()
    return state


async def test_a_payment_shows_with_its_share_and_the_device_behind_it(
    ctx: Context, tab: Tab, vendor: Tenant, device: Device
) -> None:
    await pro(ctx, vendor, "10")
    (row,) = (await shown(tab)).rows
    assert (row.subscription, row.user, row.gross, row.refunded, row.share) == (
        "sub_1",
        USER,
        "$10.00",
        "",
        "$3.00",
    )
    assert (row.device, row.device_href) == ("SN-0001", f"/vendor/devices?open={device.id}")


async def test_a_refund_takes_its_part_of_the_share(
    ctx: Context, tab: Tab, vendor: Tenant, device: Device
) -> None:
    payment = await pro(ctx, vendor, "10")
    await pro(ctx, vendor, "-4", refunds=payment)
    await pro(ctx, vendor, "20", ref="sub_2")
    state = await shown(tab, "?kind=refunded")
    assert [(row.gross, row.refunded, row.share) for row in state.rows] == [
        ("$10.00", "−$4.00", "$1.80")
    ]
    assert (state.share, state.share_note) == ("$7.80", "of $26.00 paid by users")


async def test_the_month_and_all_times_are_told_apart(
    ctx: Context, tab: Tab, vendor: Tenant
) -> None:
    await pro(ctx, vendor, "10", at=ctx.now() - dt.timedelta(days=60))
    await pro(ctx, vendor, "20")
    await payout(ctx, vendor, "2026-09", "3", status=PayoutStatus.PAID)
    await payout(ctx, vendor, "2026-10", "9", status=PayoutStatus.FAILED)
    state = await shown(tab)
    assert (state.share, state.lifetime, state.paid_out) == ("$6.00", "$9.00", "$3.00")


async def test_what_users_pay_in_another_currency_is_shown_in_that(
    ctx: Context, open_tab: Any
) -> None:
    tenant = await make_vendor(ctx, rail=Rail.INVOICE, currency="CNY", price_micros=17_500_000)
    owner: Person = await make_person(ctx, tenant)
    await pro(ctx, tenant, "10")
    state = await shown(open_tab(await sign_in(ctx, owner)))
    assert (state.share, state.chart[0].cells) == ("$3.00", ["$10.00", "$3.00"])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=SUB_2", ["sub_2"]),
        (f"?q={USER[:8]}&sort=gross", ["sub_1", "sub_2"]),
        ("?sort=-gross", ["sub_2", "sub_1"]),
        ("?q=nothing", []),
        ("?kind=refunded", []),
        ("?sort=drop&kind=x&range=99y&page=z", ["sub_2", "sub_1"]),
        ("?page=2", []),
    ],
)
async def test_the_address_says_what_is_shown(
    ctx: Context, tab: Tab, vendor: Tenant, query: str, found: list[str]
) -> None:
    await pro(ctx, vendor, "10", at=ctx.now() - dt.timedelta(hours=2))
    await pro(ctx, vendor, "20", ref="sub_2")
    assert [row.subscription for row in (await shown(tab, query)).rows] == found


@pytest.mark.parametrize(
    ("handler", "value", "query"),
    [
        ("search_for", "b c", "q=b+c&range=7d"),
        ("filter_kind", "refunded", "q=a&range=7d&kind=refunded"),
        ("sort_by", "gross", "q=a&range=7d&sort=-gross"),
        ("sort_by", "occurred_at", "q=a&range=7d&sort=occurred_at"),
        ("turn_to", 3, "q=a&range=7d&page=3"),
        ("set_range_to", "12m", "q=a&range=12m&page=2"),
    ],
)
async def test_a_tool_changes_the_address_and_nothing_else(
    tab: Tab, vendor: Tenant, handler: str, value: Any, query: str
) -> None:
    state = await shown(tab, "?q=a&range=7d&page=2")
    path, _, asked = target(await getattr(state, handler)(value)).partition("?")
    assert path == "/vendor/revenue"
    assert set(asked.split("&")) == set(query.split("&"))


@pytest.mark.parametrize(("key", "points"), [("7d", 7), ("30d", 30), ("90d", 90), ("12m", 12)])
async def test_the_chart_goes_by_day_and_over_a_year_by_month(
    ctx: Context, tab: Tab, vendor: Tenant, key: str, points: int
) -> None:
    await pro(ctx, vendor, "10")
    state = await shown(tab, f"?range={key}")
    assert len(state.chart) == points
    assert state.chart[0].cells == ["$10.00", "$3.00"]


async def test_a_long_list_comes_in_pages(ctx: Context, tab: Tab, vendor: Tenant) -> None:
    for number in range(SIZE + 1):
        await pro(ctx, vendor, "1", ref=f"sub_{number}")
    first = {row.id for row in (await shown(tab)).rows}
    (last,) = (await shown(tab, "?page=2")).rows
    assert len(first) == SIZE
    assert last.id not in first


async def test_another_vendor_sees_nothing_of_it(
    ctx: Context, rival: Tab, vendor: Tenant, device: Device
) -> None:
    await pro(ctx, vendor, "10")
    await payout(ctx, vendor, "2026-10", "3", status=PayoutStatus.PAID)
    state = await shown(rival)
    assert (state.rows, state.lifetime, state.paid_out) == ([], "$0.00", "$0.00")
    assert (await paid_out(rival)).rows == []


async def test_payouts_say_what_became_of_a_months_share(
    ctx: Context, tab: Tab, vendor: Tenant
) -> None:
    await payout(
        ctx, vendor, "2026-08", "0", status=PayoutStatus.PAID, carried_out_micros=3_000_000
    )
    await payout(ctx, vendor, "2026-09", "12", status=PayoutStatus.PAID)
    await payout(
        ctx, vendor, "2026-10", "15", status=PayoutStatus.HELD, failure="no payout account"
    )
    state = await paid_out(tab)
    assert [(row.period, row.amount, row.status, row.note) for row in state.rows] == [
        ("October 2026", "$15.00", "held", "Waits until you say where to send it."),
        ("September 2026", "$12.00", "paid", ""),
        ("August 2026", "$0.00", "carried", "$3.00 carried to the next payout"),
    ]
    assert {row.pdf for row in state.rows} == {""}
    assert target(await state.turn_to(2)) == "/vendor/revenue?payouts=2"
    assert (await paid_out(tab, "?payouts=2")).rows == []


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        ("", ""),
        ("the payout account is not ready", "Waits until your payout account is ready."),
        (
            "external_account, individual.dob",
            "Waits until your payout account is complete: external account, individual dob.",
        ),
        ("stripe cannot pay out CNY", "This currency is paid out by hand."),
    ],
)
async def test_a_held_payout_says_in_words_what_it_waits_for(
    ctx: Context, tab: Tab, vendor: Tenant, failure: str, said: str
) -> None:
    await payout(ctx, vendor, "2026-10", "15", status=PayoutStatus.HELD, failure=failure)
    assert [row.note for row in (await paid_out(tab)).rows] == [said]


async def test_setting_up_payouts_leads_to_the_provider(
    ctx: Context, tab: Tab, vendor: Tenant
) -> None:
    state = await paid_out(tab)
    assert (state.account.tone, state.account.verb) == ("warn", "Set up payouts")
    assert target(await state.set_up()) == "https://pay.test/onboarding"
    await state.load()
    assert state.account.verb == "Continue set-up"


async def account(ctx: Context, tenant: Tenant, **values: Any) -> None:
    ctx.db.add(
        PayoutAccount(
            tenant_id=tenant.id,
            provider="stripe",
            account_ref="acct_1",
            created_at=ctx.now(),
            **values,
        )
    )
    await ctx.db.commit()


async def test_what_blocks_payouts_is_said_in_words(ctx: Context, tab: Tab, vendor: Tenant) -> None:
    await account(ctx, vendor, blocked_reason="external_account, individual.id_number")
    state = await paid_out(tab)
    assert state.account.title == "Payouts are not ready yet"
    assert state.account.missing == "external account, individual id number"


async def test_a_ready_account_needs_nothing_more(ctx: Context, tab: Tab, vendor: Tenant) -> None:
    await account(ctx, vendor, is_ready=True)
    state = await paid_out(tab)
    assert (state.account.tone, state.account.verb) == ("good", "")
    assert state.account.text == "Your share is paid to Stripe."


async def test_who_pays_with_alipay_is_paid_there(ctx: Context, open_tab: Any) -> None:
    tenant = await make_vendor(ctx, rail=Rail.INVOICE, currency="CNY", price_micros=17_500_000)
    owner: Person = await make_person(ctx, tenant)
    state = await paid_out(open_tab(await sign_in(ctx, owner)))
    assert state.account.verb == ""
    with pytest.raises(ConflictError) as refused:
        await state.set_up()
    assert refused.value.reason == "proved_by_payment"


async def test_the_page_moves_by_itself(ctx: Context, tab: Tab, vendor: Tenant) -> None:
    state, other = await shown(tab), await paid_out(tab)
    await pro(ctx, vendor, "10")
    await payout(ctx, vendor, "2026-10", "15")
    ctx.audit("pro.paid", tenant_id=vendor.id)
    await ctx.db.commit()
    await state.tick()
    await other.tick()
    assert (len(state.rows), len(other.rows)) == (1, 1)


@pytest.mark.parametrize("show", [shown, paid_out])
async def test_strangers_are_sent_away(open_tab: Any, show: Any) -> None:
    with pytest.raises(NotSignedInError):
        await show(open_tab(""))


async def test_strangers_cannot_set_up_payouts(open_tab: Any) -> None:
    state = await open_tab("").state(PayoutsState)
    with pytest.raises(NotSignedInError):
        await state.set_up()
