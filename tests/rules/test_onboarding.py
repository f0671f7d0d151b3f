from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from app.core.errors import DomainError, ForbiddenError, PaymentRequiredError
from app.rules import onboarding
from app.rules.onboarding import Step
from app.rules.statuses import TenantStatus

NOTHING = {
    "email_confirmed": False,
    "terms_accepted": False,
    "branding_saved": False,
    "payment_connected": False,
    "token_issued": False,
    "device_registered": False,
}
ORDER = list(zip(NOTHING, Step, strict=True))


def test_the_steps_are_done_one_after_the_other() -> None:
    facts = dict(NOTHING)
    done: set[Step] = set()
    for fact, step in ORDER:
        reached = onboarding.progress(**facts)
        assert reached.current is step
        assert reached.done == done
        assert reached.can_activate is (step in (Step.TOKEN, Step.FIRST_DEVICE))
        facts[fact] = True
        done.add(step)
    finished = onboarding.progress(**facts)
    assert finished.current is None
    assert finished.done == frozenset(Step)
    assert finished.can_activate


@pytest.mark.parametrize("facts", list(product([False, True], repeat=len(NOTHING))))
def test_the_current_step_is_the_first_not_done(facts: tuple[bool, ...]) -> None:
    reached = onboarding.progress(**dict(zip(NOTHING, facts, strict=True)))
    missing = [step for step, is_done in zip(Step, facts, strict=True) if not is_done]
    assert reached.current == (missing[0] if missing else None)
    assert reached.can_activate is all(facts[:4])


def test_new_terms_lead_back_to_their_step_and_keep_the_rest() -> None:
    facts = dict.fromkeys(NOTHING, True) | {"terms_accepted": False}
    reached = onboarding.progress(**facts)
    assert reached.current is Step.TERMS
    assert not reached.can_activate
    assert reached.done == frozenset(Step) - {Step.TERMS}


def test_going_back_is_always_possible_and_skipping_never() -> None:
    reached = onboarding.progress(**(NOTHING | {"email_confirmed": True, "terms_accepted": True}))
    visits = [step for step in Step if reached.may_visit(step)]
    assert visits == [Step.CONFIRM_EMAIL, Step.TERMS, Step.BRANDING]


def test_the_wizard_has_five_steps() -> None:
    assert [str(step) for step in onboarding.WIZARD] == [
        "confirm_email",
        "terms",
        "branding",
        "payment",
        "token",
    ]


READY: dict[str, Any] = {
    "tenant_status": TenantStatus.ACTIVE,
    "payment_connected": True,
    "terms_accepted": True,
    "is_blocked_unpaid": False,
}


def test_a_vendor_in_order_may_register_devices() -> None:
    onboarding.can_register(**READY)


@pytest.mark.parametrize(
    ("facts", "kind", "reason"),
    [
        ({"tenant_status": TenantStatus.CLOSED}, ForbiddenError, "tenant_closed"),
        ({"tenant_status": TenantStatus.SUSPENDED}, ForbiddenError, "tenant_suspended"),
        ({"payment_connected": False}, PaymentRequiredError, "payment_not_connected"),
        ({"terms_accepted": False}, ForbiddenError, "terms_not_accepted"),
        ({"tenant_status": TenantStatus.PENDING}, ForbiddenError, "tenant_not_active"),
        ({"is_blocked_unpaid": True}, PaymentRequiredError, "invoice_unpaid"),
    ],
)
def test_a_vendor_not_in_order_is_told_why(
    facts: dict[str, Any], kind: type[DomainError], reason: str
) -> None:
    with pytest.raises(kind) as refusal:
        onboarding.can_register(**(READY | facts))
    assert refusal.value.reason == reason


def test_the_first_thing_to_mend_is_named_first() -> None:
    facts: dict[str, Any] = {
        "tenant_status": TenantStatus.CLOSED,
        "payment_connected": False,
        "terms_accepted": False,
        "is_blocked_unpaid": True,
    }
    seen = []
    for mended in (
        {},
        {"tenant_status": TenantStatus.SUSPENDED},
        {"tenant_status": TenantStatus.PENDING},
        {"payment_connected": True},
        {"terms_accepted": True},
        {"tenant_status": TenantStatus.ACTIVE},
    ):
        facts |= mended
        with pytest.raises(DomainError) as refusal:
            onboarding.can_register(**facts)
        seen.append(refusal.value.reason)
    assert seen == [
        "tenant_closed",
        "tenant_suspended",
        "payment_not_connected",
        "terms_not_accepted",
        "tenant_not_active",
        "invoice_unpaid",
    ]
