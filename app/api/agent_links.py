"""Links for the human behind an agent: looking at one tells what it is about, posting to it does it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel

from app.api import templating
from app.api.deps import AnyoneCtx
from app.api.errors import Envelope
from app.core.errors import ConflictError, NotFoundError
from app.rules.quota import PRICE
from app.services import agents, upgrades
from app.services.upgrades import UpgradeView
from models.agent import Agent

router = APIRouter(prefix="/v1", tags=["agents"])


class UpgradeLinkOut(BaseModel):
    """What the link is about."""

    agent_id: str
    upgraded: bool
    calls_used: int
    calls_limit: int | None
    per_call: str
    currency: str


class ConfirmOut(BaseModel):
    """Whose address the link is about."""

    agent_id: str
    email: str
    confirmed: bool


class UpgradeStarted(BaseModel):
    """Where its owner goes on."""

    redirect_url: str


_ANSWERS: dict[int | str, dict[str, Any]] = {
    404: {"model": Envelope, "description": "The link is not valid any more."}
}
_STARTED: dict[int | str, dict[str, Any]] = {
    303: {"description": "A browser's form is sent on to the card page."},
    409: {"model": Envelope, "description": "The agent is upgraded already."},
    502: {"model": Envelope, "description": "The payment provider refused."},
    503: {"model": Envelope, "description": "The payment provider does not answer."},
}

_SENT_BACK: dict[int | str, dict[str, Any]] = {
    303: {"description": "A browser's form is sent back to the page."}
}


@router.get(
    "/upgrade/{token}",
    response_model=UpgradeLinkOut,
    responses={
        **_ANSWERS,
        200: {"content": {"text/html": {"schema": {"type": "string"}}}},
    },
)
async def show_upgrade(token: str, request: Request, ctx: AnyoneCtx) -> Response | UpgradeLinkOut:
    """Show what the upgrade costs: a page to browsers, JSON to everything else."""
    is_sandbox = ctx.settings.is_sandbox
    try:
        view = await upgrades.show(ctx, token)
    except NotFoundError:
        if not templating.is_browser(request):
            raise
        return HTMLResponse(_page(None, is_sandbox=is_sandbox), 404)
    if templating.is_browser(request):
        return HTMLResponse(_page(view, is_sandbox=is_sandbox))
    return UpgradeLinkOut(
        agent_id=view.name,
        upgraded=view.is_paid,
        calls_used=view.used,
        calls_limit=view.limit,
        per_call=PRICE.text(),
        currency=PRICE.currency,
    )


@router.post("/upgrade/{token}", response_model=UpgradeStarted, responses={**_ANSWERS, **_STARTED})
async def follow_upgrade(token: str, request: Request, ctx: AnyoneCtx) -> Response | UpgradeStarted:
    """Go to the card page: a browser is sent on, everything else is told where to go."""
    try:
        url = await upgrades.follow(ctx, token)
    except ConflictError:
        if not templating.is_browser(request):
            raise
        return RedirectResponse(f"/v1/upgrade/{token}", 303)
    return (
        RedirectResponse(url, 303)
        if templating.is_browser(request)
        else UpgradeStarted(redirect_url=url)
    )


@router.get(
    "/confirm/{token}",
    response_model=ConfirmOut,
    responses={**_ANSWERS, 200: {"content": {"text/html": {"schema": {"type": "string"}}}}},
)
async def show_confirmation(token: str, request: Request, ctx: AnyoneCtx) -> Response | ConfirmOut:
    """Show whose address would be confirmed: a page to browsers, JSON to everything else."""
    try:
        agent = await agents.confirming(ctx, token)
    except NotFoundError:
        if not templating.is_browser(request):
            raise
        return HTMLResponse(_confirm_page(None, is_sandbox=ctx.settings.is_sandbox), 404)
    if templating.is_browser(request):
        return HTMLResponse(_confirm_page(agent, is_sandbox=ctx.settings.is_sandbox))
    return _confirmed(agent)


@router.post("/confirm/{token}", response_model=ConfirmOut, responses={**_ANSWERS, **_SENT_BACK})
async def confirm_address(token: str, request: Request, ctx: AnyoneCtx) -> Response | ConfirmOut:
    """Confirm the address of an agent; doing it again changes nothing."""
    agent = await agents.confirm(ctx, token)
    if templating.is_browser(request):
        return RedirectResponse(f"/v1/confirm/{token}", 303)
    return _confirmed(agent)


def _confirmed(agent: Agent) -> ConfirmOut:
    return ConfirmOut(
        agent_id=agent.agent_id, email=agent.email, confirmed=agent.confirmed_at is not None
    )


def _confirm_page(agent: Agent | None, *, is_sandbox: bool) -> str:
    return templating.template("confirm.html.jinja").render(agent=agent, sandbox=is_sandbox)


def _page(view: UpgradeView | None, *, is_sandbox: bool) -> str:
    return templating.template("upgrade.html.jinja").render(
        view=view, sandbox=is_sandbox, price=f"{PRICE.text()} {PRICE.currency}"
    )
