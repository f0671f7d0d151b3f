"""Everything that came from outside and everything that leaves: the inbox and the outbox."""

import datetime as dt
from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from app.core.ids import new_id
from models.base import Table, UtcDateTime, text_enum


class InboxStatus(StrEnum):
    """How far a notification was handled."""

    RECEIVED = "received"
    DONE = "done"
    IGNORED = "ignored"
    FAILED = "failed"


class InboxEvent(Table, table=True):
    """A verified notification, stored before it is acknowledged and handled after."""

    __table_args__ = (
        UniqueConstraint("provider", "event_id"),
        Index("ix_inbox_event_status", "status", "received_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    provider: str
    event_id: str
    kind: str = Field(description="The adapter's translation, e.g. payment.succeeded.")
    subject_ref: str = Field(default="", description="The provider's id of what it is about.")
    body: bytes = Field(sa_type=LargeBinary)
    facts: dict[str, object] = Field(default_factory=dict, sa_type=JSON)
    occurred_at: dt.datetime = Field(sa_type=UtcDateTime)
    received_at: dt.datetime = Field(sa_type=UtcDateTime)
    status: InboxStatus = Field(default=InboxStatus.RECEIVED, sa_type=text_enum(InboxStatus))
    attempts: int = 0
    error: str = ""
    handled_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)


class OutboxKind(StrEnum):
    """What leaves."""

    JOB = "job"
    MAIL = "mail"


class OutboxStatus(StrEnum):
    """How far it came.

    A mail that is ``sending`` while nobody sends it is uncertain, since its worker died, and sent
    once more at most. A job is ``sending`` from the start of its workflow to its end.
    """

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


class OutboxItem(Table, table=True):
    """A job to start or a mail to send, written in the transaction of the business change."""

    __table_args__ = (
        UniqueConstraint("kind", "business_key"),
        Index("ix_outbox_item_due", "status", "kind", "next_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: OutboxKind = Field(sa_type=text_enum(OutboxKind))
    business_key: str = Field(max_length=255)
    name: str = Field(description="The job's name, or the mail's template.")
    tenant_id: UUID | None = Field(default=None, foreign_key="tenant.id", index=True)
    recipient: str = ""
    subject: str = Field(default="", description="Filled when a mail is rendered.")
    locale: str = "en"
    payload: dict[str, object] = Field(default_factory=dict, sa_type=JSON)
    attachments: list[str] = Field(default_factory=list, sa_type=JSON)
    rendered: dict[str, object] | None = Field(default=None, sa_type=JSON)
    status: OutboxStatus = Field(default=OutboxStatus.QUEUED, sa_type=text_enum(OutboxStatus))
    attempts: int = Field(default=0, description="Starts so far; part of a workflow's id.")
    claimed_by: str | None = Field(default=None, description="The worker that sends this mail.")
    error: str = ""
    created_at: dt.datetime = Field(sa_type=UtcDateTime)
    next_at: dt.datetime = Field(sa_type=UtcDateTime)
    sent_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)


class SuppressedAddress(Table, table=True):
    """An address that bounced or complained; nothing more is mailed to it."""

    email: str = Field(primary_key=True)
    reason: str
    suppressed_at: dt.datetime = Field(sa_type=UtcDateTime)


class StoredAnswer(Table, table=True):
    """The answer given under an idempotency key, replayed for a day.

    ``status_code`` 0 means: still running. ``sealed`` is the answer encrypted, since some answers
    carry a secret that is shown once.
    """

    __table_args__ = (UniqueConstraint("scope", "key"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    scope: str
    key: str = Field(max_length=255)
    request_hash: str
    status_code: int = 0
    sealed: bytes = Field(default=b"", sa_type=LargeBinary)
    created_at: dt.datetime = Field(sa_type=UtcDateTime)
    expires_at: dt.datetime = Field(sa_type=UtcDateTime, index=True)
