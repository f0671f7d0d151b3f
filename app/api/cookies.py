"""The cookies of a sign-in: HttpOnly, of this site only, and secure where the site is."""

from __future__ import annotations

from fastapi import Request, Response

from app.api.browser import go
from app.rules.redirects import local_path
from app.services import sessions
from app.services.context import Context
from app.services.session_tokens import SignedIn
from app.services.sessions import COOKIE


async def welcome(request: Request, ctx: Context, result: SignedIn, onward: str) -> Response:
    """Set the new session's cookie; a session this browser had before ends."""
    await sessions.end(ctx, request.cookies.get(COOKIE, ""))
    answer = go(request, local_path(onward, result.home))
    remember(ctx, answer, COOKIE, result.token, "/", ctx.settings.session_days * 86_400)
    return answer


def remember(
    ctx: Context, answer: Response, name: str, value: str, path: str, seconds: int
) -> None:
    """Set a cookie."""
    answer.headers["Cache-Control"] = "no-store"
    answer.set_cookie(
        name,
        value,
        max_age=seconds,
        path=path,
        httponly=True,
        samesite="lax",
        secure=_is_https(ctx),
    )


def forget(ctx: Context, answer: Response, name: str, path: str) -> None:
    """Delete a cookie."""
    answer.delete_cookie(name, path=path, httponly=True, samesite="lax", secure=_is_https(ctx))


def _is_https(ctx: Context) -> bool:
    return ctx.site_url.startswith("https://")
