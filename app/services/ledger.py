"""The one way money is written down: entries that sum to zero, each fact once, never changed."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import func, tuple_
from sqlmodel import col, select

from app.core.ids import new_id
from app.core.money import Money
from app.services import paging
from app.services.context import Context
from app.services.outbox import insert_or_ignore
from app.services.paging import Page
from models.ledger import AccountKind, LedgerAccount, LedgerEntry, LedgerPosting

HOUSE: Final = "house"
"""The owner of our own accounts; a tenant's accounts are owned by its id."""

Posting = tuple[str, AccountKind, Money]
"""``(owner, kind, amount)``: debit positive, credit negative."""

_Key = tuple[str, AccountKind, str]


class UnbalancedEntryError(ValueError):
    """The two sides of an entry differ: a mistake in the code, never in the data."""


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry as read, with all its sides."""

    entry: LedgerEntry
    postings: tuple[Posting, ...]


@dataclass(frozen=True, slots=True)
class Fact:
    """One entry to write: its business key, and sides that sum to zero in each currency."""

    key: str
    kind: str
    postings: Sequence[Posting]
    tenant_id: UUID | None = None
    subject_id: UUID | None = None
    memo: str = ""
    occurred_at: dt.datetime | None = None


async def post(
    ctx: Context,
    *,
    key: str,
    kind: str,
    postings: Iterable[Posting],
    tenant_id: UUID | None = None,
    subject_id: UUID | None = None,
    memo: str = "",
    occurred_at: dt.datetime | None = None,
) -> bool:
    """Write one entry; False when its business key was written before. See ``post_all``."""
    fact = Fact(key, kind, tuple(postings), tenant_id, subject_id, memo, occurred_at)
    return await post_all(ctx, [fact]) == {key}


async def post_all(ctx: Context, facts: Sequence[Fact]) -> set[str]:
    """Write entries and return the keys written; one whose key was written before changes nothing.

    Sides on the same account are added up and nothing-amounts left out. Raises
    ``UnbalancedEntryError`` unless the rest sums to zero in each currency. Accounts are locked in
    a fixed order, after every other row: call it last. For some hundred entries at most.
    """
    amounts = {fact.key: _merged(fact.postings) for fact in facts}
    rows = [
        {
            "id": new_id(),
            "business_key": fact.key,
            "kind": fact.kind,
            "memo": fact.memo,
            "tenant_id": fact.tenant_id,
            "subject_id": fact.subject_id,
            "occurred_at": fact.occurred_at or ctx.now(),
        }
        for fact in facts
    ]
    insert = insert_or_ignore(ctx, LedgerEntry, rows, "business_key")
    written = set(await ctx.db.scalars(insert.returning(col(LedgerEntry.business_key))))
    accounts = await _locked_accounts(ctx, sorted({p for key in written for p in amounts[key]}))
    for row in rows:
        if row["business_key"] not in written:
            continue
        for place, micros in sorted(amounts[str(row["business_key"])].items()):
            account = accounts[place]
            account.balance_micros += micros
            ctx.db.add(
                LedgerPosting(
                    entry_id=row["id"],
                    account_id=account.id,
                    amount_micros=micros,
                    currency=account.currency,
                )
            )
    await ctx.db.flush()
    return written


async def has(ctx: Context, key: str) -> bool:
    """Tell whether a fact is already written."""
    query = select(LedgerEntry.id).where(col(LedgerEntry.business_key) == key)
    return await ctx.db.scalar(query) is not None


async def amount_of(ctx: Context, key: str, kind: AccountKind) -> Money | None:
    """Return what an entry posted to an account of a kind, None where it did not."""
    row = (
        await ctx.db.execute(
            select(LedgerPosting.amount_micros, LedgerPosting.currency)
            .join(LedgerEntry, col(LedgerEntry.id) == LedgerPosting.entry_id)
            .join(LedgerAccount, col(LedgerAccount.id) == LedgerPosting.account_id)
            .where(col(LedgerEntry.business_key) == key, col(LedgerAccount.kind) == kind)
        )
    ).first()
    return Money(row[0], row[1]) if row else None


async def balance(ctx: Context, owner: str | UUID, kind: AccountKind, currency: str) -> Money:
    """Return what an account holds: debit positive, nothing where it was never used."""
    micros = await ctx.db.scalar(
        select(LedgerAccount.balance_micros).where(
            col(LedgerAccount.owner) == str(owner),
            col(LedgerAccount.kind) == kind,
            col(LedgerAccount.currency) == currency,
        )
    )
    return Money(micros or 0, currency)


async def balances(
    ctx: Context, owners: Iterable[UUID], kind: AccountKind
) -> dict[tuple[UUID, str], Money]:
    """Return what tenants' accounts of a kind hold, by tenant and currency."""
    rows = await ctx.db.execute(
        select(LedgerAccount.tenant_id, LedgerAccount.currency, LedgerAccount.balance_micros).where(
            col(LedgerAccount.owner).in_([str(owner) for owner in owners]),
            col(LedgerAccount.kind) == kind,
        )
    )
    return {(owner, currency): Money(micros, currency) for owner, currency, micros in rows}


async def entries(
    ctx: Context,
    *,
    tenant_id: UUID | None = None,
    subject_id: UUID | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[EntryView]:
    """Return entries for operations, newest first: a tenant's, those of one subject, or all."""
    ctx.require_ops()
    query = select(LedgerEntry)
    if tenant_id is not None:
        query = query.where(col(LedgerEntry.tenant_id) == tenant_id)
    if subject_id is not None:
        query = query.where(col(LedgerEntry.subject_id) == subject_id)
    if cursor:
        key, id_ = paging.decode_cursor(cursor, "entries")
        at = paging.instant(key)
        query = query.where(
            paging.after(col(LedgerEntry.occurred_at), at, col(LedgerEntry.id), id_, down=True)
        )
    query = query.order_by(col(LedgerEntry.occurred_at).desc(), col(LedgerEntry.id).desc())
    rows = list(await ctx.db.scalars(query.limit(limit + 1)))
    more, rows = len(rows) > limit, rows[:limit]
    sides: dict[UUID, list[Posting]] = {row.id: [] for row in rows}
    found = await ctx.db.execute(
        select(LedgerPosting, LedgerAccount.owner, LedgerAccount.kind)
        .join(LedgerAccount, col(LedgerAccount.id) == LedgerPosting.account_id)
        .where(col(LedgerPosting.entry_id).in_(sides))
        .order_by(col(LedgerAccount.owner), col(LedgerAccount.kind))
    )
    for posting, owner, kind in found:
        amount = Money(posting.amount_micros, posting.currency)
        sides[posting.entry_id].append((owner, AccountKind(kind), amount))
    last = rows[-1] if more else None
    return Page(
        [EntryView(row, tuple(sides[row.id])) for row in rows],
        paging.encode_cursor("entries", last.occurred_at.isoformat(), last.id) if last else None,
    )


async def check(ctx: Context) -> list[str]:
    """Return what is wrong with the books: nothing, unless something wrote beside ``post``.

    Every entry sums to zero per currency and has sides, each side is in its account's currency,
    and every cached balance equals the sum of its postings.
    """
    problems: list[str] = []
    total = func.sum(LedgerPosting.amount_micros)
    crooked = await ctx.db.execute(
        select(LedgerPosting.entry_id, LedgerPosting.currency)
        .group_by(col(LedgerPosting.entry_id), col(LedgerPosting.currency))
        .having(total != 0)
    )
    problems += [f"entry {entry} does not balance in {currency}" for entry, currency in crooked]
    bare = await ctx.db.scalars(
        select(LedgerEntry.id)
        .outerjoin(LedgerPosting, col(LedgerPosting.entry_id) == LedgerEntry.id)
        .where(col(LedgerPosting.id).is_(None))
    )
    problems += [f"entry {entry} has no postings" for entry in bare]
    mixed = await ctx.db.scalars(
        select(LedgerPosting.id)
        .join(LedgerAccount, col(LedgerAccount.id) == LedgerPosting.account_id)
        .where(col(LedgerAccount.currency) != LedgerPosting.currency)
    )
    problems += [f"posting {posting} is in another currency than its account" for posting in mixed]
    summed = func.coalesce(total, 0)
    stale = await ctx.db.execute(
        select(LedgerAccount.owner, LedgerAccount.kind, LedgerAccount.currency)
        .outerjoin(LedgerPosting, col(LedgerPosting.account_id) == LedgerAccount.id)
        .group_by(col(LedgerAccount.id))
        .having(summed != col(LedgerAccount.balance_micros))
    )
    problems += [
        f"account {owner} {kind} {currency} caches a wrong balance"
        for owner, kind, currency in stale
    ]
    return problems


def _merged(postings: Iterable[Posting]) -> dict[_Key, int]:
    amounts: defaultdict[_Key, int] = defaultdict(int)
    sums: defaultdict[str, int] = defaultdict(int)
    for owner, kind, amount in postings:
        amounts[owner, kind, amount.currency] += amount.micros
        sums[amount.currency] += amount.micros
    if off := {currency: micros for currency, micros in sums.items() if micros}:
        raise UnbalancedEntryError(f"an entry is off by {off}")
    kept = {place: micros for place, micros in amounts.items() if micros}
    if not kept:
        raise UnbalancedEntryError("an entry moves no money")
    return kept


async def _locked_accounts(ctx: Context, places: Sequence[_Key]) -> dict[_Key, LedgerAccount]:
    found = await _select_accounts(ctx, places)
    if missing := [place for place in places if place not in found]:
        values = [
            {
                "id": new_id(),
                "owner": owner,
                "tenant_id": None if owner == HOUSE else UUID(owner),
                "kind": kind,
                "currency": currency,
                "balance_micros": 0,
            }
            for owner, kind, currency in missing
        ]
        await ctx.db.execute(
            insert_or_ignore(ctx, LedgerAccount, values, "owner", "kind", "currency")
        )
        found = await _select_accounts(ctx, places)
    return found


async def _select_accounts(ctx: Context, places: Sequence[_Key]) -> dict[_Key, LedgerAccount]:
    place = tuple_(col(LedgerAccount.owner), col(LedgerAccount.kind), col(LedgerAccount.currency))
    rows = await ctx.db.scalars(
        select(LedgerAccount)
        .where(place.in_(places))
        .order_by(col(LedgerAccount.owner), col(LedgerAccount.kind), col(LedgerAccount.currency))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {(row.owner, row.kind, row.currency): row for row in rows}
