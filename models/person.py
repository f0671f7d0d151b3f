"""Who signs in: vendor owners, operations staff, and tenants that have no person of their own."""

import datetime as dt
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from app.core.ids import new_id
from app.rules.roles import Role
from models.base import Table, UtcDateTime, text_enum


class Person(Table, table=True):
    """Somebody with a login. Owners belong to a tenant, operations staff to none."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    tenant_id: UUID | None = Field(default=None, foreign_key="tenant.id", index=True)
    email: str = Field(unique=True)
    name: str = ""
    role: Role = Field(sa_type=text_enum(Role))
    email_confirmed_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    disabled_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: dt.datetime = Field(sa_type=UtcDateTime)


_ONE_OWNER = "(person_id IS NULL) <> (tenant_id IS NULL)"
"""A person, or a tenant itself: somebody who proved to be its customer and has no login here."""


class LoginSession(Table, table=True):
    """A signed-in browser; the cookie's token is stored only as a keyed hash."""

    __table_args__ = (CheckConstraint(_ONE_OWNER, name="one_owner"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID | None = Field(default=None, foreign_key="person.id", index=True)
    tenant_id: UUID | None = Field(default=None, foreign_key="tenant.id", index=True)
    token_hash: str = Field(unique=True)
    ip: str = ""
    user_agent: str = ""
    created_at: dt.datetime = Field(sa_type=UtcDateTime)
    last_seen_at: dt.datetime = Field(sa_type=UtcDateTime)
    expires_at: dt.datetime = Field(sa_type=UtcDateTime)
    revoked_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)


class LinkPurpose(StrEnum):
    """What following a mailed link proves or does."""

    CONFIRM_EMAIL = "confirm_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a purpose, not a secret
    CHANGE_EMAIL = "change_email"
    ENTER = "enter"


class MailedLink(Table, table=True):
    """A single-use secret sent by mail: GET shows what it does, POST uses it."""

    __table_args__ = (CheckConstraint(_ONE_OWNER, name="one_owner"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID | None = Field(default=None, foreign_key="person.id", index=True)
    tenant_id: UUID | None = Field(default=None, foreign_key="tenant.id", index=True)
    purpose: LinkPurpose = Field(sa_type=text_enum(LinkPurpose))
    token_hash: str = Field(unique=True)
    email: str = Field(description="The address it was sent to, which it proves.")
    created_at: dt.datetime = Field(sa_type=UtcDateTime)
    expires_at: dt.datetime = Field(sa_type=UtcDateTime)
    used_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
