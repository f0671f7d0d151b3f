"""The database itself refuses to rewrite what happened."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.ids import new_id
from app.runtime import Runtime
from app.services.context import SYSTEM
from models.ledger import AccountKind, LedgerAccount, LedgerEntry, LedgerPosting


async def _entry(run: Runtime, amounts: list[int]) -> None:
    async with run.context(SYSTEM) as ctx:
        account = LedgerAccount(owner=str(new_id()), kind=AccountKind.BANK, currency="USD")
        entry = LedgerEntry(business_key=str(new_id()), kind="test", occurred_at=ctx.now())
        ctx.db.add_all([account, entry])
        await ctx.db.flush()
        ctx.db.add_all(
            LedgerPosting(
                entry_id=entry.id, account_id=account.id, amount_micros=amount, currency="USD"
            )
            for amount in amounts
        )


@pytest.mark.parametrize("table", ["ledger_entry", "ledger_posting"])
@pytest.mark.parametrize("act", ["DELETE FROM {}", "UPDATE {} SET id = id"])
async def test_the_ledger_refuses_rewriting(own_run: Runtime, table: str, act: str) -> None:
    await _entry(own_run, [5, -5])
    with pytest.raises(DBAPIError, match="append-only"):
        async with own_run.context(SYSTEM) as ctx:
            await ctx.db.execute(text(act.format(table)))


async def test_postgresql_refuses_an_entry_that_does_not_balance(
    own_run: Runtime, dialect: str
) -> None:
    if dialect == "sqlite":
        await _entry(own_run, [5, -4])  # held by services.ledger there
        return
    with pytest.raises(DBAPIError, match="does not balance"):
        await _entry(own_run, [5, -4])
