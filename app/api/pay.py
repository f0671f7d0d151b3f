"""The payment link of a mail: looking at it shows the invoice, posting to it starts the payment."""

from __future__ import annotations

import datetime as dt
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel

from app.api import pay_page
from app.api.deps import AnyoneCtx
from app.api.errors import Envelope
from app.api.lists import MoneyOut
from app.core.errors import ConflictError, NotFoundError
from app.services import pay_pages

router = APIRouter(prefix="/v1/pay", tags=["payment links"])


class PayOut(BaseModel):
    """What the link is about."""

    number: str
    status: str
    total: MoneyOut
    outstanding: MoneyOut
    due_on: dt.date | None
    payable: bool
    in_progress: bool


class PayStarted(BaseModel):
    """Where the payer continues."""

    redirect_url: str


_ANSWERS: dict[int | str, dict[str, Any]] = {
    404: {"model": Envelope, "description": "The link is not valid."}
}
_STARTED: dict[int | str, dict[str, Any]] = {
    303: {"description": "A browser's form is sent on to the payment page."},
    409: {"model": Envelope, "description": "Nothing is left to pay, or a payment is in progress."},
    502: {"model": Envelope, "description": "The payment provider refused."},
    503: {"model": Envelope, "description": "The payment provider does not answer."},
}


@router.get(
    "/{token}",
    response_model=PayOut,
    responses={
        **_ANSWERS,
        200: {"content": {"text/html": {"schema": {"type": "string"}}}},
    },
)
async def show(token: str, request: Request, ctx: AnyoneCtx) -> Response | PayOut:
    """Show the invoice behind a link: a page to browsers, JSON to everything else."""
    is_sandbox = ctx.settings.is_sandbox
    try:
        view = await pay_pages.show(ctx, token)
    except NotFoundError:
        if not _is_browser(request):
            raise
        return HTMLResponse(pay_page.render(None, is_sandbox=is_sandbox), 404)
    if _is_browser(request):
        is_busy = "busy" in request.query_params
        return HTMLResponse(pay_page.render(view, is_sandbox=is_sandbox, is_busy=is_busy))
    return PayOut(
        number=view.number,
        status=view.status,
        total=MoneyOut.of(view.total),
        outstanding=MoneyOut.of(view.outstanding),
        due_on=view.due_on,
        payable=view.is_payable,
        in_progress=view.is_in_progress,
    )


@router.post("/{token}", response_model=PayStarted, responses={**_ANSWERS, **_STARTED})
async def start(token: str, request: Request, ctx: AnyoneCtx) -> Response | PayStarted:
    """Start paying: a browser is sent on, everything else is told where to go."""
    try:
        url = await pay_pages.start(ctx, token)
    except ConflictError:
        if not _is_browser(request):
            raise
        return RedirectResponse(f"/v1/pay/{token}?busy", 303)
    return RedirectResponse(url, 303) if _is_browser(request) else PayStarted(redirect_url=url)


def _is_browser(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")
