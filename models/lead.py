"""The reference product: questions, models, rules, leads and their scores, each of one tenant."""

import datetime as dt
from uuid import UUID

from sqlalchemy import JSON, Index, UniqueConstraint
from sqlmodel import Field

from app.core.ids import new_id
from app.rules.lead_scoring import Operator
from models.base import Table, UtcDateTime, text_enum


class LeadQuestion(Table, table=True):
    """Something that leads are asked."""

    __table_args__ = (UniqueConstraint("tenant_id", "key"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id")
    key: str = Field(max_length=64)
    text: str = Field(max_length=500)
    options: list[str] = Field(default_factory=list, sa_type=JSON)
    updated_at: dt.datetime = Field(sa_type=UtcDateTime)


class LeadModel(Table, table=True):
    """A way to score: points that every lead has, and the rules that name it."""

    __table_args__ = (UniqueConstraint("tenant_id", "key"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id")
    key: str = Field(max_length=64)
    name: str = Field(max_length=120)
    base_points: int = 0
    updated_at: dt.datetime = Field(sa_type=UtcDateTime)


class LeadRule(Table, table=True):
    """Points of one model for one kind of answer."""

    __table_args__ = (UniqueConstraint("model_id", "key"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id")
    model_id: UUID = Field(foreign_key="lead_model.id")
    key: str = Field(max_length=64)
    question: str = Field(max_length=64)
    operator: Operator = Field(sa_type=text_enum(Operator))
    value: object = Field(default=None, sa_type=JSON)
    points: int
    updated_at: dt.datetime = Field(sa_type=UtcDateTime)


class Lead(Table, table=True):
    """Somebody who answered."""

    __table_args__ = (
        UniqueConstraint("tenant_id", "external_id"),
        Index("ix_lead_tenant_created", "tenant_id", "created_at", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id")
    external_id: str = Field(max_length=128)
    answers: dict[str, object] = Field(default_factory=dict, sa_type=JSON)
    created_at: dt.datetime = Field(sa_type=UtcDateTime)


class LeadScore(Table, table=True):
    """What a lead is worth by one model, as of its last computation."""

    lead_id: UUID = Field(primary_key=True, foreign_key="lead.id")
    model_id: UUID = Field(primary_key=True, foreign_key="lead_model.id")
    tenant_id: UUID = Field(foreign_key="tenant.id")
    points: int
    grade: str = Field(max_length=4)
    matched: list[str] = Field(default_factory=list, sa_type=JSON)
    computed_at: dt.datetime = Field(sa_type=UtcDateTime)
