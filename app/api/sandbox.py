"""Moves the sandbox's clock, so that a month can be closed while watching."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from app import clockwork, runtime
from app.api.deps import bearer, origin_of
from app.api.lists import InstantIn, answers
from app.core.errors import ForbiddenError, InvalidInputError, NotSignedInError
from app.services import credentials, sessions
from app.services.context import Actor, Context
from models.credential import CredentialKind

router = APIRouter(prefix="/v1/sandbox", tags=["sandbox"])

_DURATION = re.compile(
    r"P(?:(\d{1,3})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?", re.ASCII
)


class ClockIn(BaseModel):
    """Where time goes: forward by an ISO 8601 duration, or to an instant."""

    model_config = ConfigDict(extra="forbid")

    advance: str | None = Field(None, examples=["P1D"], max_length=40)
    to: InstantIn | None = None


class ClockOut(BaseModel):
    """The product's time, once everything that fell due is done."""

    now: dt.datetime


async def _mover(request: Request) -> Actor:
    """Return who asks: operations staff by their session, or the platform by its token."""
    if "authorization" in request.headers:
        token, kind = bearer(request), CredentialKind.PLATFORM_TOKEN

        async def authenticate(ctx: Context) -> Actor:
            return await credentials.authenticate_token(ctx, token, kind)
    else:
        cookie = request.cookies.get(sessions.COOKIE, "")
        if not cookie:
            raise NotSignedInError("Send the platform's token as Authorization: Bearer <token>.")
        if request.headers.get("origin") != runtime.current().settings.public_url.rstrip("/"):
            raise ForbiddenError("This must come from our own pages.", reason="foreign_origin")

        async def authenticate(ctx: Context) -> Actor:
            return await sessions.authenticate(ctx, cookie)

    async with runtime.current().authenticated(authenticate, origin_of(request)) as ctx:
        return ctx.actor


@router.post("/clock", responses=answers(400, 401, 403, 404, 409, 413, 415, 422, 429))
async def move_clock(body: ClockIn, actor: Annotated[Actor, Depends(_mover)]) -> ClockOut:
    """Move the clock forward and do what fell due; answers when that work is done."""
    process = runtime.current()
    await process.refresh_clock()
    if (body.advance is None) == (body.to is None):
        raise InvalidInputError("Say either advance or to.", fields=[("advance", "or to")])
    try:
        to = (body.to or process.clock.now() + _duration(body.advance or "")).astimezone(dt.UTC)
    except OverflowError as error:
        raise InvalidInputError(
            "There is no such day.", fields=[("to", "is out of reach")]
        ) from error
    return ClockOut(now=await clockwork.move(process, actor, to))


def _duration(text: str) -> dt.timedelta:
    found = _DURATION.fullmatch(text)
    if found is None or not any(found.groups()):
        raise InvalidInputError(
            "This is no duration.", fields=[("advance", "an ISO 8601 duration such as P1D or PT6H")]
        )
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return dt.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
