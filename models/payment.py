"""How tenants pay, what they paid, and what we pay out to them."""

import datetime as dt
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field

from app.core.ids import new_id
from app.core.money import Money
from app.rules.statuses import PaymentMethodStatus, PaymentStatus, PayoutStatus
from models.base import Table, UtcDateTime, text_enum


class PaymentMethod(Table, table=True):
    """A tenant's payment instrument at one provider: one row per (tenant, provider)."""

    __table_args__ = (
        UniqueConstraint("tenant_id", "provider"),
        Index("ix_payment_method_ref", "provider", "customer_ref"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id")
    provider: str = Field(description="The slug of an adapter.")
    status: PaymentMethodStatus = Field(
        default=PaymentMethodStatus.PENDING, sa_type=text_enum(PaymentMethodStatus)
    )
    customer_ref: str = Field(default="", description="The provider's id of the payer.")
    method_ref: str = Field(default="", description="The provider's id of the instrument.")
    label: str = Field(default="", description="E.g. Visa ending 4242.")
    is_default: bool = False
    created_at: dt.datetime = Field(sa_type=UtcDateTime)
    connected_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    detached_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)


class CheckoutPurpose(StrEnum):
    """Why a hosted page was opened."""

    SETUP = "setup"
    VERIFICATION = "verification"
    INVOICE = "invoice"


class CheckoutStatus(StrEnum):
    """How far a hosted page came."""

    OPEN = "open"
    COMPLETED = "completed"
    FAILED = "failed"
    EXPIRED = "expired"


class Checkout(Table, table=True):
    """A provider's hosted page that we opened for a tenant.

    At most one is open for an invoice, so that two live pages can never both take the money. The
    row is durable before the page is asked for; until the provider answered, ``url`` is empty and
    ``provider_ref`` is our own. ``expires_at`` is wall time, since the provider judges it.
    """

    __table_args__ = (
        UniqueConstraint("provider", "provider_ref"),
        Index(
            "uq_checkout_open_invoice",
            "invoice_id",
            unique=True,
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id", index=True)
    invoice_id: UUID | None = Field(default=None, foreign_key="invoice.id", index=True)
    purpose: CheckoutPurpose = Field(sa_type=text_enum(CheckoutPurpose))
    status: CheckoutStatus = Field(default=CheckoutStatus.OPEN, sa_type=text_enum(CheckoutStatus))
    provider: str
    provider_ref: str
    amount_micros: int = Field(default=0, sa_type=BigInteger)
    currency: str = Field(max_length=3)
    url: str
    created_at: dt.datetime = Field(sa_type=UtcDateTime)
    expires_at: dt.datetime = Field(sa_type=UtcDateTime)
    finished_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)


class Payment(Table, table=True):
    """Money that came or was tried for: unique at the provider, traced to its invoice.

    ``copy_ref`` names the provider's copy of the invoice where that was paid: it can be only once.
    """

    __table_args__ = (
        UniqueConstraint("provider", "provider_ref"),
        Index(
            "uq_payment_copy",
            "provider",
            "copy_ref",
            unique=True,
            sqlite_where=text("copy_ref <> ''"),
            postgresql_where=text("copy_ref <> ''"),
        ),
        Index("ix_payment_tenant_created", "tenant_id", "created_at", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id")
    invoice_id: UUID | None = Field(default=None, foreign_key="invoice.id", index=True)
    checkout_id: UUID | None = Field(default=None, foreign_key="checkout.id")
    status: PaymentStatus = Field(default=PaymentStatus.PENDING, sa_type=text_enum(PaymentStatus))
    provider: str = Field(description="The slug of an adapter, or manual.")
    provider_ref: str
    copy_ref: str = ""
    amount_micros: int = Field(sa_type=BigInteger)
    excess_micros: int = Field(
        default=0,
        sa_type=BigInteger,
        description="The part no invoice claimed: it lies on the tenant's credit account.",
    )
    refunded_micros: int = Field(default=0, sa_type=BigInteger)
    unrefunded_micros: int = Field(
        default=0, sa_type=BigInteger, description="Of refunds that failed after they were booked."
    )
    charged_back_micros: int = Field(
        default=0, sa_type=BigInteger, description="What a lost dispute took, beside refunds."
    )
    currency: str = Field(max_length=3)
    method_label: str = ""
    failure: str = ""
    reference: str = Field(default="", description="What an operator noted for a settlement.")
    created_at: dt.datetime = Field(sa_type=UtcDateTime)
    settled_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def amount(self) -> Money:
        """The amount, as one value."""
        return Money(self.amount_micros, self.currency)

    @property
    def kept(self) -> Money:
        """What is left of it after refunds and lost disputes."""
        gone = self.refunded_micros + self.charged_back_micros
        return Money(self.amount_micros - gone, self.currency)

    @property
    def credit(self) -> Money:
        """What of it lies on the tenant's credit account: it is given back first."""
        gone = self.refunded_micros + self.charged_back_micros
        return Money(max(0, self.excess_micros - gone), self.currency)


class ChargeAttempt(Table, table=True):
    """One automatic charge of an invoice; while it is pending nothing else may collect the invoice.

    ``reported`` is what the provider said at once: empty until it answered, paid or pending while
    its notification is awaited. ``started_at`` is wall time, to compare with the provider's own;
    ``next_at`` is when we ask again, so that a lost answer never leaves the invoice locked.
    """

    __table_args__ = (
        UniqueConstraint("invoice_id", "number"),
        Index(
            "uq_charge_attempt_pending",
            "invoice_id",
            unique=True,
            sqlite_where=text("status = 'pending'"),
            postgresql_where=text("status = 'pending'"),
        ),
        Index("ix_charge_attempt_due", "status", "next_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id", index=True)
    invoice_id: UUID = Field(foreign_key="invoice.id")
    number: int
    status: PaymentStatus = Field(default=PaymentStatus.PENDING, sa_type=text_enum(PaymentStatus))
    reported: str = ""
    payment_ref: str = ""
    failure: str = ""
    action_url: str = ""
    tries: int = 0
    created_at: dt.datetime = Field(sa_type=UtcDateTime)
    started_at: dt.datetime = Field(sa_type=UtcDateTime)
    next_at: dt.datetime = Field(sa_type=UtcDateTime)
    finished_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)


class Refund(Table, table=True):
    """Money that an operator gives back; the provider's notification confirms it."""

    __table_args__ = (
        Index("ix_refund_payment", "payment_id", "created_at"),
        Index("ix_refund_due", "status", "next_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id", index=True)
    payment_id: UUID = Field(foreign_key="payment.id")
    status: PaymentStatus = Field(default=PaymentStatus.PENDING, sa_type=text_enum(PaymentStatus))
    amount_micros: int = Field(sa_type=BigInteger)
    currency: str = Field(max_length=3)
    reason: str = ""
    provider_ref: str = ""
    failure: str = ""
    tries: int = 0
    created_at: dt.datetime = Field(sa_type=UtcDateTime)
    next_at: dt.datetime = Field(sa_type=UtcDateTime)
    finished_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)


class PayoutAccount(Table, table=True):
    """Where a vendor's revenue share goes: one row per (tenant, provider)."""

    __table_args__ = (
        UniqueConstraint("tenant_id", "provider"),
        Index("ix_payout_account_ref", "provider", "account_ref"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id")
    provider: str
    account_ref: str = Field(default="")
    label: str = ""
    is_ready: bool = False
    blocked_reason: str = ""
    created_at: dt.datetime = Field(sa_type=UtcDateTime)
    ready_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    told_at: dt.datetime | None = Field(
        default=None, sa_type=UtcDateTime, description="Wall time of the newest news of it."
    )


class Payout(Table, table=True):
    """A month's revenue share paid to a vendor, with its statement."""

    __table_args__ = (UniqueConstraint("tenant_id", "period", "currency"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id", index=True)
    period: str = Field(max_length=7)
    number: str | None = Field(default=None, unique=True)
    status: PayoutStatus = Field(default=PayoutStatus.PENDING, sa_type=text_enum(PayoutStatus))
    provider: str = ""
    provider_ref: str | None = Field(default=None, unique=True)
    gross_micros: int = Field(default=0, sa_type=BigInteger)
    amount_micros: int = Field(sa_type=BigInteger)
    sent_micros: int = Field(
        default=0, sa_type=BigInteger, description="What was sent of it and did not come back."
    )
    carried_in_micros: int = Field(default=0, sa_type=BigInteger)
    carried_out_micros: int = Field(default=0, sa_type=BigInteger)
    currency: str = Field(max_length=3)
    failure: str = ""
    reference: str = ""
    attempts: int = Field(default=0, description="Which sending this is; part of its key.")
    next_at: dt.datetime | None = Field(
        default=None, sa_type=UtcDateTime, description="When a pending one counts as forgotten."
    )
    statement_id: UUID | None = Field(default=None, foreign_key="stored_file.id")
    created_at: dt.datetime = Field(sa_type=UtcDateTime)
    paid_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def amount(self) -> Money:
        """The amount, as one value."""
        return Money(self.amount_micros, self.currency)

    @property
    def owed(self) -> Money:
        """What of it the vendor does not have: never sent, or come back."""
        return Money(self.amount_micros - self.sent_micros, self.currency)


class PayoutTransfer(Table, table=True):
    """One sending of a payout: to which account, how much, and what came back of it.

    It is durable before the provider is asked; ``sent_at`` is empty until it was carried out.
    """

    __table_args__ = (
        UniqueConstraint("payout_id", "attempt"),
        UniqueConstraint("provider", "provider_ref"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id", index=True)
    payout_id: UUID = Field(foreign_key="payout.id")
    attempt: int
    provider: str = Field(description="The slug of an adapter, or manual.")
    provider_ref: str | None = None
    account_ref: str = ""
    amount_micros: int = Field(sa_type=BigInteger)
    returned_micros: int = Field(default=0, sa_type=BigInteger)
    currency: str = Field(max_length=3)
    created_at: dt.datetime = Field(sa_type=UtcDateTime)
    sent_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def amount(self) -> Money:
        """The amount, as one value."""
        return Money(self.amount_micros, self.currency)
