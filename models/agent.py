"""Metered agents: who they are, what they used of a month, and every call they made."""

import datetime as dt
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, BigInteger, Date, Index, Integer, UniqueConstraint
from sqlmodel import Field

from app.core.ids import new_id
from app.core.money import Money
from app.rules.gateway import CallerType, CallStatus
from app.rules.quota import PRICE, Tier
from models.base import Table, UtcDateTime, text_enum


class PaymentState(StrEnum):
    """Whether there is something to charge an agent's calls to."""

    NONE = "none"
    SETUP_PENDING = "setup_pending"
    ACTIVE = "active"


class Agent(Table, table=True):
    """The agent side of a tenant: one a tenant, and one free tier an address and product."""

    __table_args__ = (
        UniqueConstraint("product", "email"),
        Index("ix_agent_tier", "tier", "tenant_id"),
    )

    tenant_id: UUID = Field(primary_key=True, foreign_key="tenant.id")
    product: str = Field(max_length=64)
    agent_id: str = Field(max_length=128, description="What the agent calls itself.")
    email: str = Field(max_length=254)
    organisation: str = Field(default="", max_length=120)
    tier: Tier = Field(default=Tier.FREE, sa_type=text_enum(Tier))
    payment_state: PaymentState = Field(default=PaymentState.NONE, sa_type=text_enum(PaymentState))
    onboarded_at: dt.datetime = Field(sa_type=UtcDateTime)
    confirmed_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    upgraded_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    paid_until: dt.datetime | None = Field(
        default=None, sa_type=UtcDateTime, description="When it is free again: its card is gone."
    )
    budget_micros: int | None = Field(
        default=None, sa_type=BigInteger, description="What its calls of a month may cost."
    )
    hard_stop: bool = Field(
        default=False, description="Whether a spent budget stops calls, or only says so."
    )
    budget_set_by: str = Field(default="", max_length=200)
    budget_set_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def budget(self) -> Money | None:
        """What its calls of a month may cost, as one value."""
        return None if self.budget_micros is None else Money(self.budget_micros, PRICE.currency)


class CallCounter(Table, table=True):
    """The billable calls of one agent in one UTC month; its row lock makes a reservation atomic.

    What limits them stands beside them, so that one statement checks it, counts and tells.
    """

    tenant_id: UUID = Field(primary_key=True, foreign_key="tenant.id")
    period: str = Field(primary_key=True, max_length=7)
    used: int = 0
    charged: int = Field(default=0, description="Of those used, the ones that cost something.")
    granted: int = Field(default=0, description="Free calls that operations added to this month's.")
    budget_calls: int | None = Field(
        default=None, sa_type=BigInteger, description="How many charged calls the budget pays for."
    )
    cap: int | None = Field(
        default=None, sa_type=BigInteger, description="The same, where a spent budget stops calls."
    )


class CallReservation(Table, table=True):
    """A call that is on its way elsewhere; it goes when the call ends, or is given back when nobody comes."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id", index=True)
    period: str = Field(max_length=7, description="The month that it was taken from.")
    is_counted: bool = Field(description="It was taken from the month's counter.")
    is_charged: bool = Field(description="The agent paid by the call when it began.")
    expires_at: dt.datetime = Field(
        sa_type=UtcDateTime, index=True, description="By the machine's clock."
    )
    call: dict[str, object] = Field(
        sa_type=JSON, description="What its audit row says if nobody comes back."
    )


class AgentCall(Table, table=True):
    """One request to the gateway, written in the transaction of what it did; billing counts these.

    ``seq`` grows with every row and is the fold's position.
    """

    __table_args__ = (
        Index("ix_agent_call_usage", "tenant_id", "status", "is_billable", "at"),
        Index("ix_agent_call_charged", "tenant_id", "is_charged", "at"),
        Index("ix_agent_call_tenant_at", "tenant_id", "at", "id"),
    )

    seq: int | None = Field(
        default=None,
        primary_key=True,
        sa_type=BigInteger().with_variant(Integer, "sqlite"),  # type: ignore[arg-type]
    )
    id: UUID = Field(default_factory=new_id, unique=True)
    at: dt.datetime = Field(sa_type=UtcDateTime)
    tenant_id: UUID = Field(foreign_key="tenant.id")
    action: str = Field(max_length=128)
    pack: str = Field(max_length=64)
    status: CallStatus = Field(sa_type=text_enum(CallStatus))
    is_billable: bool
    is_charged: bool = Field(
        default=False, description="It succeeded while the agent paid by the call: it is invoiced."
    )
    unit: str = Field(default="", max_length=16)
    actor_type: CallerType = Field(default=CallerType.API_KEY, sa_type=text_enum(CallerType))
    actor_id: str = Field(max_length=64, description="The key's own id, never the key.")
    request_id: str = Field(max_length=64)
    request_hash: str = Field(max_length=64)
    idempotency_key: str = Field(default="", max_length=200)
    policy_id: UUID | None = Field(default=None, description="What decided, if any policy did.")
    is_dry_run: bool = False
    is_replay: bool = False
    error_code: str = Field(default="", max_length=32)
    error: str = Field(default="", max_length=500)
    ip: str = Field(default="", max_length=64)
    latency_ms: int = 0
    result_meta: dict[str, object] = Field(default_factory=dict, sa_type=JSON)


class IngestedCall(Table, table=True):
    """A call that a runtime of its own told us of: its id is taken once, in the transaction of its row."""

    event_id: str = Field(primary_key=True, max_length=64)
    digest: str = Field(max_length=64, description="Tells it from another under the same id.")
    tenant_id: UUID = Field(foreign_key="tenant.id", index=True)
    source_id: UUID = Field(description="The token that told of it.")
    occurred_at: dt.datetime = Field(
        sa_type=UtcDateTime, description="As it was told; its row may be booked later."
    )
    received_at: dt.datetime = Field(sa_type=UtcDateTime)


class CallDay(Table, table=True):
    """How many calls of one action one tenant made on one UTC day, and how they ended.

    What named no action there is counts under an empty name, so that nobody fills a table with names.
    """

    tenant_id: UUID = Field(primary_key=True, foreign_key="tenant.id")
    day: dt.date = Field(primary_key=True, sa_type=Date)
    action: str = Field(primary_key=True, max_length=128)
    status: CallStatus = Field(primary_key=True, sa_type=text_enum(CallStatus))
    is_billable: bool = Field(primary_key=True)
    is_charged: bool = Field(primary_key=True)
    calls: int
