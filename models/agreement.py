"""Who accepted which text, when and from where."""

import datetime as dt
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from app.core.ids import new_id
from models.base import Table, UtcDateTime


class AgreementAcceptance(Table, table=True):
    """One accepted version of one agreement; never changed, never deleted."""

    __table_args__ = (UniqueConstraint("tenant_id", "slug", "version"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id")
    person_id: UUID = Field(foreign_key="person.id")
    slug: str
    version: str
    locale: str
    text_sha256: str
    ip: str
    accepted_at: dt.datetime = Field(sa_type=UtcDateTime)
