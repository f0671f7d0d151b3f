"""Getting in and out: what the forms of the public pages post to."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from app.api import cookies
from app.api.browser import ANSWERS, Moved, SameOrigin, accepts, go, posted
from app.api.deps import AnyoneCtx
from app.core.errors import NotSignedInError
from app.rules.redirects import local_path
from app.services import accounts, sessions, tickets
from app.services.context import Context
from app.services.sessions import COOKIE, NeedsTotp
from models.person import LinkPurpose

router = APIRouter(prefix="/auth", tags=["sign-in"], dependencies=[SameOrigin], responses=ANSWERS)

TICKET: Final = "turnpike_ticket"
"""The cookie between a right password and the second factor."""


class SignUpIn(BaseModel):
    """A new vendor's account."""

    email: str = Field(max_length=320)
    password: str = Field(max_length=1_000)
    name: str = Field("", max_length=200)
    locale: str = Field("", max_length=35, description="By default that of Accept-Language.")


class EmailIn(BaseModel):
    """An address, whoever it belongs to."""

    email: str = Field(max_length=320)


class ResendIn(EmailIn):
    """Whose confirmation to send again, and where to go afterwards."""

    next: str = Field("", max_length=1_000, description="A path of this site.")


class TokenIn(BaseModel):
    """The secret of a mailed link."""

    token: str = Field(max_length=100)


class ResetIn(TokenIn):
    """A new password, by a mailed link."""

    password: str = Field(max_length=1_000)


class LoginIn(EmailIn):
    """The first factor, and where to go afterwards."""

    password: str = Field(max_length=1_000)
    next: str = Field("", max_length=1_000, description="A path of this site.")


class CodeIn(BaseModel):
    """The second factor: six digits, or a recovery code."""

    code: str = Field(max_length=64)
    next: str = Field("", max_length=1_000, description="A path of this site.")


@router.post("/signup", status_code=202, response_model=Moved, openapi_extra=accepts(SignUpIn))
async def sign_up(
    request: Request,
    ctx: AnyoneCtx,
    body: Annotated[SignUpIn, Depends(posted(SignUpIn, "/signup", keep=("email", "name")))],
) -> Response:
    """Open an account; the answer is the same when the address has one already."""
    first = request.headers.get("accept-language", "").partition(",")[0].partition(";")[0]
    wanted = body.locale or first.strip()
    await accounts.sign_up(ctx, body.email, body.password, name=body.name, locale=wanted)
    return go(request, "/signup", {"sent": "1", "email": body.email}, status=202)


@router.post("/resend", status_code=202, response_model=Moved, openapi_extra=accepts(ResendIn))
async def resend(
    request: Request,
    ctx: AnyoneCtx,
    body: Annotated[ResendIn, Depends(posted(ResendIn, "/signup", keep=("email",)))],
) -> Response:
    """Send the confirmation once more; the answer is the same whoever the address belongs to."""
    await accounts.resend_confirmation(ctx, body.email)
    if onward := local_path(body.next, ""):
        return go(request, onward, status=202)
    return go(request, "/signup", {"sent": "1", "email": body.email}, status=202)


@router.post("/verify", response_model=Moved, openapi_extra=accepts(TokenIn))
async def verify(
    request: Request,
    ctx: AnyoneCtx,
    body: Annotated[TokenIn, Depends(posted(TokenIn, "/verify"))],
) -> Response:
    """Confirm an address with the secret of a mailed link, which is used up."""
    shown = await accounts.show_link(ctx, body.token)
    person = await accounts.confirm_email(ctx, body.token)
    is_change = shown.purpose is LinkPurpose.CHANGE_EMAIL
    home = "/vendor/settings" if is_change else "/vendor/onboarding"
    if await _signed_in_as(ctx, request) == str(person.id):
        return go(request, home, {"confirmed": "1"})
    return go(request, "/login", {"confirmed": "1", "email": person.email, "next": home})


@router.post(
    "/reset/request", status_code=202, response_model=Moved, openapi_extra=accepts(EmailIn)
)
async def request_reset(
    request: Request,
    ctx: AnyoneCtx,
    body: Annotated[EmailIn, Depends(posted(EmailIn, "/reset", keep=("email",)))],
) -> Response:
    """Mail a link that sets a new password, if there is an account; the answer is the same."""
    await accounts.request_reset(ctx, body.email)
    return go(request, "/reset", {"sent": "1", "email": body.email}, status=202)


@router.post("/reset", response_model=Moved, openapi_extra=accepts(ResetIn))
async def reset(
    request: Request,
    ctx: AnyoneCtx,
    body: Annotated[ResetIn, Depends(posted(ResetIn, "/reset"))],
) -> Response:
    """Set a new password with the secret of a mailed link; every session ends."""
    person = await accounts.reset_password(ctx, body.token, body.password)
    answer = go(request, "/login", {"reset": "1", "email": person.email})
    cookies.forget(ctx, answer, COOKIE, "/")
    return answer


@router.post("/login", response_model=Moved, openapi_extra=accepts(LoginIn))
async def login(
    request: Request,
    ctx: AnyoneCtx,
    body: Annotated[LoginIn, Depends(posted(LoginIn, "/login", keep=("email", "next")))],
) -> Response:
    """Sign in with a password: the session's cookie, or the page that asks for the second factor."""
    result = await sessions.sign_in(ctx, body.email, body.password)
    if isinstance(result, NeedsTotp):
        query = {"step": "code"}
        if onward := local_path(body.next, ""):
            query["next"] = onward
        answer = go(request, "/login", query)
        cookies.remember(ctx, answer, TICKET, result.ticket, "/auth", tickets.MINUTES * 60)
        return answer
    return await cookies.welcome(request, ctx, result, body.next)


@router.post("/totp", response_model=Moved, openapi_extra=accepts(CodeIn))
async def second_factor(
    request: Request,
    ctx: AnyoneCtx,
    body: Annotated[
        CodeIn, Depends(posted(CodeIn, "/login", keep=("next",), also={"step": "code"}))
    ],
) -> Response:
    """Finish a sign-in with a code, or with a recovery code."""
    ticket = request.cookies.get(TICKET, "")
    result = await sessions.finish_sign_in(ctx, ticket, body.code)
    answer = await cookies.welcome(request, ctx, result, body.next)
    cookies.forget(ctx, answer, TICKET, "/auth")
    return answer


@router.post("/logout", response_model=Moved)
async def logout(request: Request, ctx: AnyoneCtx) -> Response:
    """End this browser's session; none there already is success."""
    page = await sessions.end(ctx, request.cookies.get(COOKIE, ""))
    answer = go(request, page, {"signed_out": "1"})
    cookies.forget(ctx, answer, COOKIE, "/")
    return answer


async def _signed_in_as(ctx: Context, request: Request) -> str:
    try:
        found = await sessions.authenticate(ctx, request.cookies.get(COOKIE, ""), sessions.ANYBODY)
    except NotSignedInError:
        return ""
    return found.id
