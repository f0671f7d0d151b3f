"""The ledger: every entry balances, each fact once, balances are sums whatever the order."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import col, func, select

from app.core.errors import ForbiddenError
from app.core.ids import new_id
from app.core.money import Money
from app.runtime import Runtime
from app.services import ledger
from app.services.context import SYSTEM, Context
from models.ledger import AccountKind, LedgerAccount, LedgerEntry, LedgerPosting
from tests.factories import as_ops, as_vendor, make_vendor

BANK, REVENUE, TAX = AccountKind.BANK, AccountKind.REVENUE, AccountKind.TAX


def usd(micros: int) -> Money:
    return Money(micros, "USD")


async def _post(ctx: Context, key: str, *postings: ledger.Posting) -> bool:
    return await ledger.post(ctx, key=key, kind="test", postings=postings)


async def test_an_entry_moves_money_between_accounts(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    owner = str(tenant.id)
    assert await ledger.post(
        ctx,
        key="a",
        kind="invoice",
        tenant_id=tenant.id,
        postings=[
            (owner, AccountKind.RECEIVABLE, usd(119)),
            (ledger.HOUSE, REVENUE, usd(-100)),
            (ledger.HOUSE, TAX, usd(-19)),
        ],
    )
    assert await ledger.balance(ctx, tenant.id, AccountKind.RECEIVABLE, "USD") == usd(119)
    assert await ledger.balance(ctx, ledger.HOUSE, REVENUE, "USD") == usd(-100)
    assert await ledger.balance(ctx, ledger.HOUSE, REVENUE, "CNY") == Money.zero("CNY")
    account = await ctx.db.scalar(select(LedgerAccount).where(col(LedgerAccount.owner) == owner))
    assert account is not None
    assert account.tenant_id == tenant.id
    assert await ledger.check(ctx) == []


async def test_the_same_fact_is_written_once(ctx: Context) -> None:
    sides = (ledger.HOUSE, BANK, usd(5)), (ledger.HOUSE, REVENUE, usd(-5))
    assert await _post(ctx, "once", *sides)
    assert not await _post(ctx, "once", *sides)
    assert await ledger.balance(ctx, ledger.HOUSE, BANK, "USD") == usd(5)
    assert await ledger.has(ctx, "once")
    assert not await ledger.has(ctx, "never")


@pytest.mark.parametrize(
    "sides",
    [
        [(ledger.HOUSE, BANK, usd(5)), (ledger.HOUSE, REVENUE, usd(-4))],
        [(ledger.HOUSE, BANK, usd(5)), (ledger.HOUSE, REVENUE, Money(-5, "EUR"))],
        [(ledger.HOUSE, BANK, usd(0)), (ledger.HOUSE, REVENUE, usd(0))],
        [(ledger.HOUSE, BANK, usd(5)), (ledger.HOUSE, BANK, usd(-5))],
        [],
    ],
    ids=["off by one", "two currencies", "nothing", "to itself", "no sides"],
)
async def test_what_does_not_balance_or_move_is_refused(
    ctx: Context, sides: list[ledger.Posting]
) -> None:
    with pytest.raises(ledger.UnbalancedEntryError):
        await _post(ctx, "crooked", *sides)
    assert not await ledger.has(ctx, "crooked")


async def test_sides_on_one_account_become_one_posting(ctx: Context) -> None:
    await _post(
        ctx,
        "merged",
        (ledger.HOUSE, BANK, usd(2)),
        (ledger.HOUSE, BANK, usd(3)),
        (ledger.HOUSE, TAX, usd(0)),
        (ledger.HOUSE, REVENUE, usd(-5)),
    )
    amounts = await ctx.db.scalars(select(LedgerPosting.amount_micros))
    assert sorted(amounts) == [-5, 5]


_accounts = st.tuples(
    st.sampled_from([BANK, REVENUE, TAX, AccountKind.PROCESSOR]), st.sampled_from(["USD", "CNY"])
)


@st.composite
def _moves(draw: st.DrawFn) -> list[tuple[AccountKind, AccountKind, Money]]:
    """Transfers between two different accounts of one currency."""
    moves: list[tuple[AccountKind, AccountKind, Money]] = []
    for _ in range(draw(st.integers(1, 8))):
        (source, currency), (target, _other) = draw(_accounts), draw(_accounts)
        if source is not target:
            micros = draw(st.integers(1, 10**12))
            moves.append((source, target, Money(micros, currency)))
    return moves


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(moves=_moves(), seed=st.randoms(use_true_random=False))
async def test_balances_are_sums_in_whatever_order_the_entries_came(
    ctx: Context, moves: list[tuple[AccountKind, AccountKind, Money]], seed: object
) -> None:
    owners = [ledger.HOUSE, str((await make_vendor(ctx)).id)]
    before = {
        (kind, currency): await ledger.balance(ctx, ledger.HOUSE, kind, currency)
        for kind in (BANK, REVENUE, TAX, AccountKind.PROCESSOR)
        for currency in ("USD", "CNY")
    }
    shuffled = list(moves)
    seed.shuffle(shuffled)  # type: ignore[attr-defined]
    for source, target, amount in shuffled:
        sides = (owners[0], source, -amount), (owners[1], target, amount)
        await _post(ctx, str(new_id()), *sides)
    for (kind, currency), start in before.items():
        spent = sum(
            amount.micros
            for source, _, amount in moves
            if (source, amount.currency) == (kind, currency)
        )
        got = sum(
            amount.micros
            for _, target, amount in moves
            if (target, amount.currency) == (kind, currency)
        )
        now = await ledger.balance(ctx, ledger.HOUSE, kind, currency)
        assert now.micros == start.micros - spent
        assert (await ledger.balance(ctx, owners[1], kind, currency)).micros == got
    assert await ledger.check(ctx) == []


async def test_operations_read_the_entries_in_pages(ctx: Context) -> None:
    for number in range(5):
        await _post(ctx, f"e{number}", (ledger.HOUSE, BANK, usd(5)), (ledger.HOUSE, TAX, usd(-5)))
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        page = await ledger.entries(as_ops(ctx), limit=2, cursor=cursor)
        seen += [view.entry.business_key for view in page.rows]
        cursor = page.next_cursor
    assert sorted(seen) == [f"e{number}" for number in range(5)]
    assert page.rows[0].postings == (
        (ledger.HOUSE, BANK, usd(5)),
        (ledger.HOUSE, TAX, usd(-5)),
    )
    with pytest.raises(ForbiddenError):
        await ledger.entries(as_vendor(ctx, await make_vendor(ctx)))


async def test_the_check_finds_what_wrote_past_the_ledger(own_run: Runtime, dialect: str) -> None:
    async with own_run.context(SYSTEM) as ctx:
        await _post(ctx, "good", (ledger.HOUSE, BANK, usd(5)), (ledger.HOUSE, TAX, usd(-5)))
        await ctx.db.execute(
            text("UPDATE ledger_account SET balance_micros = 7 WHERE kind = 'bank'")
        )
        ctx.db.add(LedgerEntry(business_key="bare", kind="test", occurred_at=ctx.now()))
    async with own_run.context(SYSTEM) as ctx:
        problems = await ledger.check(ctx)
    assert [problem.split(" ", 1)[0] for problem in problems] == ["entry", "account"]
    assert "has no postings" in problems[0]
    assert "house bank USD" in problems[1]
    if dialect == "sqlite":  # PostgreSQL refuses the crooked entry itself
        async with own_run.context(SYSTEM) as ctx:
            entry = LedgerEntry(business_key="crooked", kind="test", occurred_at=ctx.now())
            account = await ctx.db.scalar(select(LedgerAccount).limit(1))
            assert account is not None
            ctx.db.add(entry)
            await ctx.db.flush()
            ctx.db.add(
                LedgerPosting(
                    entry_id=entry.id, account_id=account.id, amount_micros=1, currency="EUR"
                )
            )
        async with own_run.context(SYSTEM) as ctx:
            problems = await ledger.check(ctx)
        assert any("does not balance in EUR" in problem for problem in problems)
        assert any("another currency" in problem for problem in problems)


async def test_many_writers_at_once_lose_nothing_and_do_not_deadlock(own_run: Runtime) -> None:
    """Two scheduled writers of one fact write it once; different facts all count."""

    async def write(number: int) -> bool:
        async with own_run.context(SYSTEM) as ctx:
            first, second = (BANK, REVENUE) if number % 2 else (REVENUE, BANK)
            return await _post(
                ctx,
                f"fact-{number // 2}",
                (ledger.HOUSE, first, usd(1)),
                (ledger.HOUSE, second, usd(-1)),
            )

    written = await asyncio.gather(*(write(number) for number in range(20)))
    assert sum(written) == 10
    async with own_run.context(SYSTEM) as ctx:
        assert await ctx.db.scalar(select(func.count()).select_from(LedgerEntry)) == 10
        assert await ledger.check(ctx) == []
