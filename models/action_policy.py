"""What operations say about agents' actions, and the calls that wait for their word."""

import datetime as dt
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field

from app.core.ids import new_id
from app.rules.action_policies import Effect
from models.base import Table, UtcDateTime, text_enum


class ActionPolicy(Table, table=True):
    """What becomes of the actions a pattern names, for one tenant or for all."""

    __table_args__ = (UniqueConstraint("owner", "pattern"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    owner: str = Field(max_length=36, description="A tenant's id, or * for all: never null.")
    tenant_id: UUID | None = Field(default=None, foreign_key="tenant.id", index=True)
    pattern: str = Field(max_length=128)
    effect: Effect = Field(sa_type=text_enum(Effect))
    reason: str = Field(default="", max_length=300, description="Told to whoever is refused.")
    created_at: dt.datetime = Field(sa_type=UtcDateTime)
    created_by: str = Field(default="", max_length=64, description="The actor's id.")


class ApprovalStatus(StrEnum):
    """Where a call that needs somebody's word stands."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    USED = "used"


class ActionApproval(Table, table=True):
    """One call as it was asked for, told by a keyed hash of all of it; an approval lets it run once."""

    __table_args__ = (
        UniqueConstraint("tenant_id", "fingerprint"),
        Index("ix_action_approval_status", "status", "asked_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id")
    action: str = Field(max_length=128)
    fingerprint: str = Field(max_length=64)
    params: dict[str, object] = Field(
        default_factory=dict, sa_type=JSON, description="What an approver sees, secrets hidden."
    )
    reason: str = Field(default="", max_length=300)
    status: ApprovalStatus = Field(sa_type=text_enum(ApprovalStatus))
    asked_at: dt.datetime = Field(sa_type=UtcDateTime)
    expires_at: dt.datetime = Field(sa_type=UtcDateTime)
    decided_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_by: str = Field(default="", max_length=64, description="The actor's id.")
