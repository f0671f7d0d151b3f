"""The one audit stream: who did what to whom, with which result."""

import datetime as dt
from uuid import UUID

from sqlalchemy import JSON, Index
from sqlmodel import Field

from app.core.ids import new_id
from models.base import Table, UtcDateTime


class AuditEvent(Table, table=True):
    """One act or refusal; rows are only ever added."""

    __table_args__ = (
        Index("ix_audit_event_tenant_at", "tenant_id", "at", "id"),
        Index("ix_audit_event_kind_at", "kind", "at", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    at: dt.datetime = Field(sa_type=UtcDateTime)
    kind: str = Field(max_length=64)
    tenant_id: UUID | None = Field(default=None, foreign_key="tenant.id")
    actor_kind: str = Field(max_length=32)
    actor_id: str = Field(default="", max_length=64)
    result: str = Field(default="success", description="success, failure or denied")
    is_billable: bool = False
    subject_kind: str = ""
    subject_id: str = ""
    ip: str = ""
    request_id: str = ""
    body: dict[str, object] = Field(default_factory=dict, sa_type=JSON)
