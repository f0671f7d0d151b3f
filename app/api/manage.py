"""The agent gateway: every action of the product behind one address."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from app.api.deps import AgentCtx
from app.core.plain_json import is_deeper
from app.rules.gateway import DEEPEST, Code
from app.services import gateway
from app.services.gateway import Call

router = APIRouter(prefix="/api", tags=["agents"])


class CallIn(BaseModel):
    """One action with what it takes."""

    model_config = ConfigDict(strict=True)

    action: str = Field(min_length=1, max_length=128, examples=["meta.actions"])
    params: dict[str, Any] = Field(default={}, examples=[{}])
    idempotency_key: (
        Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]
        | None
    ) = Field(
        default=None, description="The same key never does the same action twice within 24 h."
    )
    dry_run: bool = Field(default=False, description="Only tell what it would do.")

    @field_validator("params")
    @classmethod
    def _not_too_deep(cls, params: dict[str, Any]) -> dict[str, Any]:
        if is_deeper(params, DEEPEST):
            raise ValueError(f"must not be nested deeper than {DEEPEST} levels")
        return params


class WarningOut(BaseModel):
    """That the free calls run out."""

    message: str
    calls_remaining: int
    upgrade_url: str


class ReplyOut(BaseModel):
    """What an action answered."""

    ok: bool
    request_id: str
    data: Any
    dry_run: bool | None = None
    code: Code | None = None
    warning: WarningOut | None = None


class RefusalOut(BaseModel):
    """Why an action did not run; ``UPGRADE_REQUIRED`` comes with ``upgrade_url``, and like ``CEILING_EXCEEDED`` with ``usage``."""

    ok: bool
    request_id: str
    error: str
    code: Code
    fields: list[dict[str, str]] | None = None
    upgrade_url: str | None = None
    usage: dict[str, Any] | None = None
    approval_id: str | None = None


@router.post(
    "/manage",
    response_model=ReplyOut,
    responses={
        status: {"model": RefusalOut, "description": what}
        for status, what in (
            (400, "The request or its params are not valid."),
            (401, "There is no such key."),
            (402, "The free calls of this month are used up."),
            (403, "The key may not do this, or the month's budget is spent."),
            (404, "There is no such action."),
            (409, "It clashes with what is there."),
            (429, "Too many calls; see Retry-After."),
            (503, "Something it depends on is down."),
        )
    },
)
async def manage(body: CallIn, ctx: AgentCtx) -> JSONResponse:
    """Do one action; see ``meta.actions`` for all there are."""
    reply = await gateway.run(
        ctx, Call(body.action, body.params, body.idempotency_key or "", body.dry_run)
    )
    headers = {"Retry-After": str(reply.retry_after)} if reply.retry_after else {}
    return JSONResponse(reply.body, reply.status, headers)
