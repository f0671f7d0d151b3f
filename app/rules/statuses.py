"""Life cycles: every status there is and which may follow which, so that late news cannot undo facts."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

from app.core.errors import ConflictError


class TenantStatus(StrEnum):
    """Whether a customer may use the product."""

    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class InvoiceStatus(StrEnum):
    """What became of a claim. ``overdue`` is only ever shown, never stored: see ``dunning``."""

    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    OVERDUE = "overdue"
    DISPUTED = "disputed"
    REFUNDED = "refunded"
    VOID = "void"


class PaymentStatus(StrEnum):
    """What became of one attempt to pay."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    CANCELLED = "cancelled"


class PaymentMethodStatus(StrEnum):
    """Whether we can charge with it."""

    PENDING = "pending"
    CONNECTED = "connected"
    DETACHED = "detached"
    FAILED = "failed"


class PayoutStatus(StrEnum):
    """How far a vendor's share has come on its way out."""

    PENDING = "pending"
    SENT = "sent"
    PAID = "paid"
    FAILED = "failed"
    HELD = "held"


class DisputeStatus(StrEnum):
    """How a customer's bank decided about a payment it took back."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class RunStatus(StrEnum):
    """How far a piece of a monthly run has come."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class DeviceState(StrEnum):
    """What is stored of a device."""

    REGISTERED = "registered"
    RELEASED = "released"


class DeviceStatus(StrEnum):
    """What is shown of a device; derived by ``activity.device_status``."""

    ACTIVE = "active"
    QUIET = "quiet"
    RELEASED = "released"


_Tenant, _Invoice, _Payment = TenantStatus, InvoiceStatus, PaymentStatus
_Method, _Payout, _Run = PaymentMethodStatus, PayoutStatus, RunStatus

# Keyed by class first: members of two StrEnums with the same text are equal and hash alike.
TRANSITIONS: Final[Mapping[type[StrEnum], Mapping[Any, tuple[Any, ...]]]] = {
    TenantStatus: {
        _Tenant.PENDING: (_Tenant.ACTIVE, _Tenant.CLOSED),
        _Tenant.ACTIVE: (_Tenant.SUSPENDED, _Tenant.CLOSED),
        _Tenant.SUSPENDED: (_Tenant.ACTIVE, _Tenant.CLOSED),
    },
    InvoiceStatus: {
        _Invoice.DRAFT: (_Invoice.OPEN, _Invoice.VOID),
        _Invoice.OPEN: (_Invoice.PAID, _Invoice.VOID),
        _Invoice.PAID: (_Invoice.DISPUTED, _Invoice.REFUNDED),
        # A dispute ends with the money back here or back there.
        _Invoice.DISPUTED: (_Invoice.PAID, _Invoice.REFUNDED),
    },
    PaymentStatus: {
        _Payment.PENDING: (_Payment.SUCCEEDED, _Payment.FAILED, _Payment.CANCELLED),
        # Money that arrives after all is always recorded; only the other direction is refused.
        _Payment.FAILED: (_Payment.SUCCEEDED,),
        _Payment.CANCELLED: (_Payment.SUCCEEDED,),
        _Payment.SUCCEEDED: (_Payment.REFUNDED, _Payment.DISPUTED),
        _Payment.DISPUTED: (_Payment.SUCCEEDED, _Payment.REFUNDED),
        # A refund may fail at the customer's bank days later, and the money is here again.
        _Payment.REFUNDED: (_Payment.SUCCEEDED,),
    },
    PaymentMethodStatus: {
        _Method.PENDING: (_Method.CONNECTED, _Method.FAILED, _Method.DETACHED),
        _Method.FAILED: (_Method.CONNECTED, _Method.DETACHED),
        _Method.CONNECTED: (_Method.DETACHED, _Method.FAILED),
        _Method.DETACHED: (_Method.PENDING,),
    },
    PayoutStatus: {
        _Payout.PENDING: (_Payout.SENT, _Payout.HELD, _Payout.FAILED),
        _Payout.HELD: (_Payout.PENDING,),
        _Payout.SENT: (_Payout.PAID, _Payout.FAILED),
        _Payout.FAILED: (_Payout.PENDING,),
        # A receiving bank may send the money back days after it was paid out.
        _Payout.PAID: (_Payout.FAILED,),
    },
    DisputeStatus: {
        DisputeStatus.OPEN: (DisputeStatus.WON, DisputeStatus.LOST),
    },
    RunStatus: {
        _Run.PENDING: (_Run.RUNNING, _Run.FAILED),
        _Run.RUNNING: (_Run.DONE, _Run.FAILED),
        _Run.FAILED: (_Run.RUNNING,),
    },
    DeviceState: {
        DeviceState.REGISTERED: (DeviceState.RELEASED,),
    },
}
"""What may follow what; a status without an entry is final. ``DeviceStatus`` is derived: no table."""

_NOUNS: Final[Mapping[type[StrEnum], str]] = {
    TenantStatus: "account",
    InvoiceStatus: "invoice",
    PaymentStatus: "payment",
    PaymentMethodStatus: "payment method",
    PayoutStatus: "payout",
    DisputeStatus: "dispute",
    RunStatus: "run",
    DeviceState: "device",
}

S = TypeVar("S", bound=StrEnum)


def can_move(current: S, to: S) -> bool:
    """Tell whether ``to`` may follow ``current``; staying in place is no move."""
    return type(to) is type(current) and to in TRANSITIONS[type(current)].get(current, ())


def move(current: S, to: S) -> S:
    """Return ``to`` when it may follow ``current``; raises ``ConflictError`` otherwise."""
    if not can_move(current, to):
        noun = _NOUNS[type(current)]
        raise ConflictError(
            f"This {noun} is {current} and cannot become {to}.",
            reason="status_conflict",
            current=str(current),
            to=str(to),
        )
    return to
