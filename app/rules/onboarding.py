"""The way from sign-up to the first device, and what must be done before a device may register."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.core.errors import ForbiddenError, PaymentRequiredError
from app.rules.statuses import TenantStatus


class Step(StrEnum):
    """The steps in their order; the last one is done by the vendor's device, not in the wizard."""

    CONFIRM_EMAIL = "confirm_email"
    TERMS = "terms"
    BRANDING = "branding"
    PAYMENT = "payment"
    TOKEN = "token"  # noqa: S105 - a step's name, no secret
    FIRST_DEVICE = "first_device"


WIZARD: Final = tuple(step for step in Step if step is not Step.FIRST_DEVICE)
BEFORE_ACTIVATION: Final = frozenset(WIZARD) - {Step.TOKEN}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a vendor has come; ``current`` is the first step not done, None when all are."""

    done: frozenset[Step]
    current: Step | None
    can_activate: bool

    def may_visit(self, step: Step) -> bool:
        """Tell whether the wizard may show a step: any done before, and the current one."""
        return step in self.done or step is self.current


def progress(
    *,
    email_confirmed: bool,
    terms_accepted: bool,
    branding_saved: bool,
    payment_connected: bool,
    token_issued: bool,
    device_registered: bool,
) -> Progress:
    """Work out the progress from what is stored; nothing else remembers a place in the wizard.

    ``terms_accepted`` means the versions now in force, so a new version leads back to that step.
    """
    facts = {
        Step.CONFIRM_EMAIL: email_confirmed,
        Step.TERMS: terms_accepted,
        Step.BRANDING: branding_saved,
        Step.PAYMENT: payment_connected,
        Step.TOKEN: token_issued,
        Step.FIRST_DEVICE: device_registered,
    }
    done = frozenset(step for step, is_done in facts.items() if is_done)
    current = next((step for step in Step if step not in done), None)
    return Progress(done, current, done >= BEFORE_ACTIVATION)


def can_register(
    *,
    tenant_status: TenantStatus,
    payment_connected: bool,
    terms_accepted: bool,
    is_blocked_unpaid: bool,
) -> None:
    """Let a device registration pass, or raise why not.

    In this order: ``ForbiddenError`` ``tenant_closed`` or ``tenant_suspended``,
    ``PaymentRequiredError`` ``payment_not_connected``, ``ForbiddenError`` ``terms_not_accepted``
    or ``tenant_not_active``, ``PaymentRequiredError`` ``invoice_unpaid`` (``dunning`` decides).
    """
    if tenant_status is TenantStatus.CLOSED:
        raise ForbiddenError("This account is closed.", reason="tenant_closed")
    if tenant_status is TenantStatus.SUSPENDED:
        raise ForbiddenError("This account is suspended.", reason="tenant_suspended")
    if not payment_connected:
        raise PaymentRequiredError(
            "Connect a payment method before registering devices.", reason="payment_not_connected"
        )
    if not terms_accepted:
        raise ForbiddenError(
            "Accept the current terms before registering devices.", reason="terms_not_accepted"
        )
    if tenant_status is not TenantStatus.ACTIVE:
        raise ForbiddenError("Finish the onboarding first.", reason="tenant_not_active")
    if is_blocked_unpaid:
        raise PaymentRequiredError(
            "An invoice has been unpaid for too long: settle it to register new devices.",
            reason="invoice_unpaid",
        )
