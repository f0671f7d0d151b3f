"""What the services need of the outside world, as small Protocols that adapters implement."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from app.core.money import Money
from app.services.document_ports import AgreementText as AgreementText
from app.services.document_ports import Attachment as Attachment
from app.services.document_ports import Documents as Documents
from app.services.document_ports import Mailer as Mailer
from app.services.document_ports import RenderedMail as RenderedMail


class EventKind(StrEnum):
    """What a provider's notification says, in our words."""

    METHOD_CONNECTED = "method.connected"
    METHOD_DETACHED = "method.detached"
    CHECKOUT_FAILED = "checkout.failed"
    CHECKOUT_EXPIRED = "checkout.expired"
    PAYMENT_PENDING = "payment.pending"
    PAYMENT_SUCCEEDED = "payment.succeeded"
    PAYMENT_FAILED = "payment.failed"
    PAYMENT_REFUNDED = "payment.refunded"
    REFUND_FAILED = "refund.failed"
    DISPUTE_OPENED = "dispute.opened"
    DISPUTE_CLOSED = "dispute.closed"
    INVOICE_VOIDED = "invoice.voided"
    PAYOUT_ACCOUNT_CHANGED = "payout_account.changed"
    PAYOUT_REVERSED = "payout.reversed"
    MAIL_BOUNCED = "mail.bounced"


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """A verified notification in our words.

    ``event_id`` is unique at the provider. ``subject_ref`` is the provider's id of the checkout,
    invoice, payment, payer or account it is about. ``facts`` holds JSON values only, under the
    keys each kind documents in ``FACTS``; amounts as ``{"amount": "12.34", "currency": "USD"}``.
    """

    event_id: str
    kind: EventKind
    subject_ref: str
    occurred_at: dt.datetime
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


FACTS: Mapping[EventKind, tuple[str, ...]] = {
    EventKind.METHOD_CONNECTED: ("customer_ref", "method_ref", "label", "checkout_ref"),
    EventKind.METHOD_DETACHED: ("customer_ref", "method_ref"),
    EventKind.CHECKOUT_FAILED: ("checkout_ref", "failure"),
    EventKind.CHECKOUT_EXPIRED: ("checkout_ref",),
    EventKind.PAYMENT_PENDING: ("checkout_ref", "invoice_ref", "payment_ref", "amount"),
    EventKind.PAYMENT_SUCCEEDED: (
        "checkout_ref",
        "invoice_ref",
        "payment_ref",
        "customer_ref",
        "label",
        "amount",
    ),
    EventKind.PAYMENT_FAILED: (
        "invoice_ref",
        "payment_ref",
        "checkout_ref",
        "failure",
        "needs_action_url",
    ),
    EventKind.PAYMENT_REFUNDED: (
        "payment_ref",
        "invoice_ref",
        "refund_ref",
        "amount",
        "refunded_total",
    ),
    EventKind.REFUND_FAILED: ("payment_ref", "refund_ref", "reference", "amount", "failure"),
    EventKind.DISPUTE_OPENED: ("payment_ref", "dispute_ref", "amount", "reason", "respond_by"),
    EventKind.DISPUTE_CLOSED: ("payment_ref", "dispute_ref", "amount", "outcome"),
    EventKind.INVOICE_VOIDED: ("invoice_ref",),
    EventKind.PAYOUT_ACCOUNT_CHANGED: ("account_ref", "is_ready", "blocked_reason"),
    EventKind.PAYOUT_REVERSED: ("payout_ref", "amount", "failure"),
    EventKind.MAIL_BOUNCED: ("email", "reason"),
}
"""The keys in ``facts`` of each kind. Absent ones are empty text; ``outcome`` is won or lost,
``respond_by`` an instant as ISO 8601.

``payment_ref`` is what ``refund`` takes; a success that does not name it is asked for again by
``fetch_invoice`` or ``fetch_page``. ``refunded_total`` is all that was given back of the payment so
far, this refund included, and always there: it makes a repeated notification harmless. The
``amount`` of a payout that came back is likewise all that came back so far. ``reference`` is ours.
"""


@dataclass(frozen=True, slots=True)
class HostedPage:
    """A provider's page the customer continues on."""

    provider_ref: str
    url: str
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line of an invoice as the provider shall show it."""

    description: str
    amount: Money
    key: str


@dataclass(frozen=True, slots=True)
class ProviderInvoice:
    """A provider's copy of our invoice."""

    provider_ref: str
    status: str  # draft, open, paid, void
    total: Money
    amount_paid: Money
    hosted_url: str = ""
    payment_ref: str = ""


@dataclass(frozen=True, slots=True)
class ChargeResult:
    """How one try to collect an invoice ended: paid, pending, or failed with a reason."""

    outcome: str
    payment_ref: str = ""
    failure: str = ""
    needs_action_url: str = ""


@dataclass(frozen=True, slots=True)
class PaymentState:
    """What the provider says of one payment or checkout now, for reconciliation."""

    status: str  # pending, succeeded, failed, refunded, expired
    payment_ref: str
    amount: Money | None
    refunded: Money | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class RefundResult:
    """How a refund began; ``succeeded`` only when the provider says that the money moved."""

    provider_ref: str
    outcome: str  # succeeded, pending


@dataclass(frozen=True, slots=True)
class PayoutResult:
    """How a payout began."""

    provider_ref: str
    outcome: str  # paid, pending


class PaymentProvider(Protocol):
    """One payment provider. Every call is idempotent under the key it is given.

    Capabilities: ``can_store_method`` (a card on file charged later), ``can_invoice`` (keeps a copy
    of our invoices and charges them), ``can_pay_out``. A method whose capability is off is never
    called. All raise only ``ProviderDownError`` (retry the same call) or ``ProviderRefusedError``.
    """

    slug: str
    currencies: frozenset[str]
    can_store_method: bool
    can_invoice: bool
    can_pay_out: bool

    async def create_customer(
        self, *, tenant_id: str, name: str, email: str, idempotency_key: str
    ) -> str:
        """Return the provider's id of the payer."""
        ...

    async def start_setup(
        self,
        *,
        customer_ref: str,
        tenant_id: str,
        currency: str,
        return_url: str,
        cancel_url: str,
        state: str,
        idempotency_key: str,
    ) -> HostedPage:
        """Open the page that binds a payment instrument; ``state`` comes back to us unchanged."""
        ...

    async def start_payment(
        self,
        *,
        amount: Money,
        reference: str,
        description: str,
        customer_ref: str,
        return_url: str,
        cancel_url: str,
        expires_at: dt.datetime,
        idempotency_key: str,
    ) -> HostedPage:
        """Open a page that takes one payment; ``reference`` is ours and unique."""
        ...

    async def expire_page(self, provider_ref: str) -> bool:
        """Close a page so that it can take no money; False when it already took some."""
        ...

    async def fetch_page(self, provider_ref: str) -> PaymentState:
        """Ask what became of a page."""
        ...

    async def refund(
        self, *, payment_ref: str, amount: Money, reference: str, idempotency_key: str
    ) -> RefundResult:
        """Give money back."""
        ...

    async def fetch_refunded(self, payment_ref: str) -> Money | None:
        """Ask what was given back of a payment in all, less what came back; None if it does not say."""
        ...

    async def detach_method(self, method_ref: str) -> None:
        """Forget an instrument; gone already is success."""
        ...

    async def open_invoice(
        self,
        *,
        customer_ref: str,
        invoice_id: str,
        number: str,
        lines: Sequence[BillLine],
        total: Money,
        due_at: dt.datetime,
        idempotency_key: str,
    ) -> ProviderInvoice:
        """Draft the invoice with its items, compare totals, finalise; never charges.

        Nor may the provider charge it by itself afterwards: ``charge_invoice`` alone does.

        Looks for our ``invoice_id`` first, so that it also holds after the provider forgot the key.
        Raises ``ProviderRefusedError(reason="total_mismatch")`` when the provider adds up otherwise.
        """
        ...

    async def charge_invoice(self, provider_ref: str, *, idempotency_key: str) -> ChargeResult:
        """Try the card on file once; an invoice already paid is reported as paid."""
        ...

    async def void_invoice(self, provider_ref: str) -> None:
        """Withdraw an open invoice; void already is success."""
        ...

    async def fetch_invoice(self, provider_ref: str) -> ProviderInvoice:
        """Ask what became of an invoice."""
        ...

    async def start_payout_onboarding(
        self,
        *,
        tenant_id: str,
        email: str,
        country: str,
        account_ref: str,
        return_url: str,
        refresh_url: str,
        state: str,
        idempotency_key: str,
    ) -> tuple[str, str]:
        """Return (account_ref, one-time url) of the page where the payee proves its account."""
        ...

    async def pay_out(
        self,
        *,
        account_ref: str,
        amount: Money,
        reference: str,
        description: str,
        idempotency_key: str,
    ) -> PayoutResult:
        """Send money to a payee's account."""
        ...


class NotificationSource(Protocol):
    """Whatever posts notifications to ``/v1/webhook/{slug}``."""

    slug: str

    @property
    def is_configured(self) -> bool:
        """Whether a secret is set; without one the address does not exist."""
        ...

    def parse_event(
        self, body: bytes, headers: Mapping[str, str], now: dt.datetime
    ) -> ProviderEvent | None:
        """Verify and translate a notification; None means genuine but irrelevant.

        ``now`` is wall time: the outside world does not live in the product's clock. Raises
        ``MalformedError`` for a bad signature or body.
        """
        ...

    @property
    def acknowledgement(self) -> str:
        """The exact body that stops the provider from repeating (``success`` for some)."""
        ...


class Express(Protocol):
    """Single statements on PostgreSQL for the few hot paths, without a session's round trips."""

    async def run(self, statement: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Run one statement (``%s`` for values) in a transaction of its own and return its rows.

        What it wrote is durable when it returns, whatever becomes of the unit of work, and it sees
        nothing the unit has not saved. Raises ``psycopg.Error``.
        """
        ...


class Providers(Protocol):
    """The adapters this installation has configured."""

    def payment(self, slug: str) -> PaymentProvider:
        """Return an adapter; raises ``ProviderRefusedError(reason="provider_not_configured")``."""
        ...

    def source(self, slug: str) -> NotificationSource | None:
        """Return who verifies notifications for an address, None when there is nobody."""
        ...

    async def close(self) -> None:
        """Give back every connection, at the end of the process."""
        ...


class Limiter(Protocol):
    """Counts tries within windows."""

    async def hit(self, rule: str, *key: str, cost: int = 1) -> int | None:
        """Count one try under a rule such as ``10/15 minutes``; seconds to wait when it is too many."""
        ...

    async def peek(self, rule: str, *key: str) -> int | None:
        """Tell the seconds to wait without counting."""
        ...


class JobName(StrEnum):
    """Durable work; each name has exactly one workflow in ``app.jobs``."""

    HANDLE_INBOX = "handle_inbox"
    BILLING_RUN = "billing_run"
    OPEN_MONTHS = "open_months"
    BILL_TENANT = "bill_tenant"
    COLLECT_INVOICE = "collect_invoice"
    DELIVER_INVOICE = "deliver_invoice"
    CREATE_CUSTOMER = "create_customer"
    PAY_OUT = "pay_out"
    REFUND = "refund"
    WITHDRAW_INVOICE = "withdraw_invoice"
    RECONCILE = "reconcile"
