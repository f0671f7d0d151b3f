"""What an agent may spend: shown to its keys, set by those that may."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.deps import AgentCtx
from app.api.lists import Instant, MoneyOut, answers
from app.core.errors import InvalidInputError
from app.core.money import Money
from app.services import spend
from app.services.spend import Limits

router = APIRouter(prefix="/api", tags=["agents"])


class BudgetIn(BaseModel):
    """An amount a month, in whole cents."""

    model_config = ConfigDict(strict=True)

    amount: str = Field(max_length=20, examples=["25.00"])
    currency: Literal["USD"]


class SpendLimitsIn(BaseModel):
    """What a month's calls may cost; ``null`` for anything. With ``hard_stop`` a spent budget stops calls."""

    model_config = ConfigDict(strict=True)

    budget: BudgetIn | None
    hard_stop: bool = False


class SpendAlertOut(BaseModel):
    """A part of the budget that its owner is told of by mail, once a month."""

    percent: int
    amount: MoneyOut
    reached: bool


class SpendLimitsOut(BaseModel):
    """The budget, and what is spent of it in the running UTC month."""

    budget: MoneyOut | None
    hard_stop: bool
    is_stopped: bool
    spent: MoneyOut
    remaining: MoneyOut | None
    calls_charged: int
    alerts: list[SpendAlertOut]
    period_start: Instant
    period_end: Instant
    set_by: str
    set_at: Instant | None


@router.get("/spend-limits", responses=answers(401, 403, 429))
async def show_limits(ctx: AgentCtx) -> SpendLimitsOut:
    """Tell what the month's calls may cost, and what they cost so far."""
    return _out(await spend.show(ctx))


@router.put("/spend-limits", responses=answers(401, 403, 413, 415, 422, 429))
async def set_limits(body: SpendLimitsIn, ctx: AgentCtx) -> SpendLimitsOut:
    """Set the budget of every month from this one on. Needs ``manage.governance`` or ``manage.iam``."""
    return _out(await spend.set_limits(ctx, _budget(body.budget), hard_stop=body.hard_stop))


def _budget(given: BudgetIn | None) -> Money | None:
    if given is None:
        return None
    try:
        return Money.of(given.amount, given.currency)
    except ValueError as error:
        problem = "must be an amount such as 25.00"
        raise InvalidInputError(
            f"The budget {problem}.", fields=[("budget.amount", problem)]
        ) from error


def _out(limits: Limits) -> SpendLimitsOut:
    return SpendLimitsOut(
        budget=None if limits.budget is None else MoneyOut.of(limits.budget),
        hard_stop=limits.hard_stop,
        is_stopped=limits.is_stopped,
        spent=MoneyOut.of(limits.spent),
        remaining=None if limits.remaining is None else MoneyOut.of(limits.remaining),
        calls_charged=limits.charged,
        alerts=[
            SpendAlertOut(percent=percent, amount=MoneyOut.of(amount), reached=is_reached)
            for percent, amount, is_reached in limits.alerts
        ],
        period_start=limits.month.start,
        period_end=limits.month.end,
        set_by=limits.set_by,
        set_at=limits.set_at,
    )
