"""How a vendor came through its onboarding, in the words of operations."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from app.rules.onboarding import Step
from app.services.ops_tenants import TenantDetail
from state.moments import moment
from state.ops.words import LOCALE, span

STEPS = {
    Step.CONFIRM_EMAIL: "E-mail confirmed",
    Step.TERMS: "Terms accepted",
    Step.BRANDING: "Branding saved",
    Step.PAYMENT: "Payment connected",
    Step.TOKEN: "Token issued",
    Step.FIRST_DEVICE: "First device",
}


@dataclass(frozen=True)
class StepRow:
    """One step of a vendor's onboarding."""

    key: str
    label: str
    is_done: bool
    at: str
    after: str


def to_steps(found: TenantDetail, now: dt.datetime) -> list[StepRow]:
    """Say how a vendor came through its onboarding, each step with the time since its sign-up."""
    began = found.tenant.created_at
    return [
        StepRow(
            key=step.value,
            label=STEPS[step],
            is_done=is_done,
            at=moment(at, now, LOCALE).exact if at else "",
            after=f"after {span(at - began)}" if at else "",
        )
        for step, is_done, at in found.steps
    ]
