"""Bytes that must never change: invoices as sent, logos as decoded."""

import datetime as dt
from uuid import UUID

from sqlalchemy import LargeBinary
from sqlmodel import Field

from app.core.ids import new_id
from models.base import Table, UtcDateTime


class StoredFile(Table, table=True):
    """A file stored once; what was sent is what is kept."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    tenant_id: UUID | None = Field(default=None, index=True)
    name: str
    media_type: str
    sha256: str
    content: bytes = Field(sa_type=LargeBinary)
    created_at: dt.datetime = Field(sa_type=UtcDateTime)
