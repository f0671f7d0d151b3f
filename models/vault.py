"""The vault: sealed provider secrets, who may have them used, and for which actions."""

import datetime as dt
from uuid import UUID

from sqlalchemy import JSON, LargeBinary, UniqueConstraint
from sqlmodel import Field

from app.core.ids import new_id
from models.base import Table, UtcDateTime


class VaultSecret(Table, table=True):
    """One secret of one provider, sealed; the seal is bound to provider, name and version."""

    __table_args__ = (UniqueConstraint("provider", "name"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    provider: str = Field(max_length=32)
    name: str = Field(max_length=64)
    version: int = Field(default=1, description="Counts up whenever the secret is replaced.")
    key_id: str = Field(max_length=16, description="Which master key it is sealed under.")
    sealed: bytes = Field(sa_type=LargeBinary)
    created_at: dt.datetime = Field(sa_type=UtcDateTime)
    rotated_at: dt.datetime = Field(sa_type=UtcDateTime)
    last_used_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)


class ServiceKey(Table, table=True):
    """Who may have the executor act; only a keyed hash is stored, under a pepper in the vault."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    lookup: str = Field(unique=True, max_length=64)
    prefix: str = Field(max_length=16, description="The first characters, to recognise it by.")
    label: str = Field(max_length=60)
    tenant_ids: list[str] = Field(
        default_factory=list, sa_type=JSON, description="Whom it may act for; empty: everybody."
    )
    created_at: dt.datetime = Field(sa_type=UtcDateTime)
    last_used_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)


class AllowedAction(Table, table=True):
    """One line of the executor's allow-list; what has no line, or is switched off, is not done."""

    __table_args__ = (UniqueConstraint("integration", "action", "version"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    integration: str = Field(max_length=32)
    action: str = Field(max_length=64)
    version: int = 1
    is_enabled: bool = True
    changed_at: dt.datetime = Field(sa_type=UtcDateTime)
