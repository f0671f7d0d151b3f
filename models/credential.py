"""Typed credentials of all kinds in one table, and where each token was used from."""

import datetime as dt
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from app.core.ids import new_id
from models.base import Table, UtcDateTime, text_enum


class CredentialKind(StrEnum):
    """What a credential is; later programmes add theirs."""

    PASSWORD = "password"  # noqa: S105 - a kind, not a secret
    TOTP = "totp"
    RECOVERY_CODE = "recovery_code"
    VENDOR_TOKEN = "vendor_token"  # noqa: S105 - a kind, not a secret
    PLATFORM_TOKEN = "platform_token"  # noqa: S105 - a kind, not a secret
    API_KEY = "api_key"
    KERNEL_TOKEN = "kernel_token"  # noqa: S105 - a kind, not a secret


class Credential(Table, table=True):
    """One secret somebody can prove to know.

    ``lookup`` is HMAC-SHA256(pepper, secret) in hex for tokens, and the row's own id for secrets
    that are found by their owner (passwords, TOTP); it is never null, so its unique index holds.
    ``secret_hash`` is argon2 for passwords; ``sealed`` is AES-GCM for what must be read again.
    """

    __table_args__ = (Index("ix_credential_owner", "person_id", "kind"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    tenant_id: UUID | None = Field(default=None, foreign_key="tenant.id", index=True)
    person_id: UUID | None = Field(default=None, foreign_key="person.id")
    kind: CredentialKind = Field(sa_type=text_enum(CredentialKind))
    lookup: str = Field(unique=True)
    secret_hash: str = ""
    sealed: bytes | None = Field(default=None, sa_type=LargeBinary)
    prefix: str = Field(default="", description="The first characters, to recognise it by.")
    label: str = ""
    scopes: list[str] = Field(default_factory=list, sa_type=JSON)
    created_at: dt.datetime = Field(sa_type=UtcDateTime)
    confirmed_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_used_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_step: int | None = Field(default=None, description="TOTP: the last accepted time step.")
    expires_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    replaced_by_id: UUID | None = Field(default=None, foreign_key="credential.id")


class CredentialAddress(Table, table=True):
    """A network a token was first seen from: /32 of IPv4, /64 of IPv6."""

    __table_args__ = (UniqueConstraint("credential_id", "ip_prefix"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    credential_id: UUID = Field(foreign_key="credential.id")
    ip_prefix: str
    first_seen_at: dt.datetime = Field(sa_type=UtcDateTime)
