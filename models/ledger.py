"""The double-entry ledger: append-only, and each entry sums to zero per currency."""

import datetime as dt
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, UniqueConstraint
from sqlmodel import Field

from app.core.ids import new_id
from models.base import Table, UtcDateTime, text_enum


class AccountKind(StrEnum):
    """What an account holds. Debits are positive, credits negative."""

    RECEIVABLE = "receivable"
    REVENUE = "revenue"
    TAX = "tax"
    ROUNDING = "rounding"
    PROCESSOR = "processor"
    BANK = "bank"
    PRO_CLEARING = "pro_clearing"
    REVENUE_SHARE = "revenue_share"
    PAYABLE = "payable"
    CREDIT = "credit"
    DISPUTED = "disputed"
    VERIFICATION = "verification"


class LedgerAccount(Table, table=True):
    """One account of one owner in one currency; ``owner`` is a tenant's id or ``house``."""

    __table_args__ = (UniqueConstraint("owner", "kind", "currency"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    owner: str
    tenant_id: UUID | None = Field(default=None, foreign_key="tenant.id", index=True)
    kind: AccountKind = Field(sa_type=text_enum(AccountKind))
    currency: str = Field(max_length=3)
    balance_micros: int = Field(
        default=0,
        sa_type=BigInteger,
        description="A cache of the postings' sum, kept in the entry's transaction.",
    )


class LedgerEntry(Table, table=True):
    """One business fact. ``business_key`` is unique: the same fact can be written only once."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    business_key: str = Field(unique=True)
    kind: str
    memo: str = ""
    tenant_id: UUID | None = Field(default=None, foreign_key="tenant.id", index=True)
    subject_id: UUID | None = Field(default=None, index=True)
    occurred_at: dt.datetime = Field(sa_type=UtcDateTime)


class LedgerPosting(Table, table=True):
    """One side of an entry: debit positive, credit negative, in micros."""

    __table_args__ = (CheckConstraint("amount_micros <> 0", name="amount_is_not_zero"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    entry_id: UUID = Field(foreign_key="ledger_entry.id", index=True)
    account_id: UUID = Field(foreign_key="ledger_account.id", index=True)
    amount_micros: int = Field(sa_type=BigInteger)
    currency: str = Field(max_length=3)


class LedgerCheck(Table, table=True):
    """What the last look at the whole ledger found: one row, replaced by each look."""

    id: int = Field(default=1, primary_key=True)
    checked_at: dt.datetime = Field(sa_type=UtcDateTime)
    entries: int = Field(default=0, sa_type=BigInteger)
    found: int = Field(default=0, description="Problems in all; the first of them are kept.")
    problems: list[str] = Field(default_factory=list, sa_type=JSON)
