"""Facts about this installation itself: its signing keys and, in the sandbox, its clock."""

import datetime as dt

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field

from models.base import Table, UtcDateTime


class SigningKey(Table, table=True):
    """The public half of a receipt-signing key; retired ones stay so that old receipts verify."""

    kid: str = Field(primary_key=True)
    public_jwk: dict[str, object] = Field(sa_type=JSON)
    created_at: dt.datetime = Field(sa_type=UtcDateTime)
    retired_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)


class ClockOffset(Table, table=True):
    """How far the sandbox's clock was moved forward, in microseconds; it only grows."""

    id: int = Field(default=1, primary_key=True)
    micros: int = Field(default=0, sa_type=BigInteger)
    moved_to: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)


class Worker(Table, table=True):
    """A process that runs jobs; ``seen_at`` is wall time, so that a dead one's work is taken over."""

    id: str = Field(primary_key=True)
    started_at: dt.datetime = Field(sa_type=UtcDateTime)
    seen_at: dt.datetime = Field(sa_type=UtcDateTime)
    settled_at: dt.datetime | None = Field(
        default=None,
        sa_type=UtcDateTime,
        description="The product's instant up to which it found nothing due that was not done.",
    )
