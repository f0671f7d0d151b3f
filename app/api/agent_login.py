"""How the human behind an agent comes in: a mailed link, which shows on GET and lets in on POST."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from app.api import cookies, templating
from app.api.browser import ANSWERS, Moved, SameOrigin, accepts, go, posted
from app.api.deps import AnyoneCtx
from app.api.errors import Envelope
from app.core.errors import NotFoundError
from app.services import agent_logins
from app.services.agent_logins import Entrance

router = APIRouter(tags=["sign-in"])


class AgentLoginIn(BaseModel):
    """The address an agent was onboarded with."""

    email: str = Field(max_length=320)
    next: str = Field("", max_length=1_000, description="A path under `/agent`.")


class EnterIn(BaseModel):
    """Which of the agents to enter; the only one needs not be named."""

    tenant_uuid: UUID | None = None
    next: str = Field("", max_length=1_000, description="A path under `/agent`.")


class EnterableOut(BaseModel):
    """One agent of the address."""

    tenant_uuid: UUID
    agent_id: str
    product: str


class EntranceOut(BaseModel):
    """Whose accounts the link opens."""

    email: str
    agents: list[EnterableOut]


_GONE: Final[dict[int | str, dict[str, Any]]] = {
    404: {"model": Envelope, "description": "The link is not valid any more."}
}
_PAGE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/html": {"schema": {"type": "string"}}}}
}


@router.post(
    "/auth/agent",
    status_code=202,
    response_model=Moved,
    dependencies=[SameOrigin],
    responses=ANSWERS,
    openapi_extra=accepts(AgentLoginIn),
)
async def ask_to_enter(
    request: Request,
    ctx: AnyoneCtx,
    body: Annotated[
        AgentLoginIn, Depends(posted(AgentLoginIn, agent_logins.PAGE, keep=("email", "next")))
    ],
) -> Response:
    """Mail a link that lets the human behind an agent in; the answer is the same without an agent."""
    await agent_logins.request(ctx, body.email, body.next)
    query = {"sent": "1", "email": body.email}
    return go(request, agent_logins.PAGE, query, status=202)


@router.get("/v1/enter/{token}", response_model=EntranceOut, responses={**_GONE, **_PAGE})
async def show_entrance(
    token: str,
    request: Request,
    ctx: AnyoneCtx,
    onward: Annotated[str, Query(alias="next", description="A path under `/agent`.")] = "",
) -> Response | EntranceOut:
    """Show whose account a mailed link opens: a page to browsers, JSON to everything else."""
    is_browser = templating.is_browser(request)
    try:
        entrance = await agent_logins.show(ctx, token)
    except NotFoundError:
        if not is_browser:
            raise
        return HTMLResponse(_page(None, "", is_sandbox=ctx.settings.is_sandbox), 404)
    if is_browser:
        where = agent_logins.onward_path(onward)
        return HTMLResponse(_page(entrance, where, is_sandbox=ctx.settings.is_sandbox))
    agents = [
        EnterableOut(tenant_uuid=one.tenant_id, agent_id=one.agent_id, product=one.product)
        for one in entrance.agents
    ]
    return EntranceOut(email=entrance.email, agents=agents)


@router.post(
    "/v1/enter/{token}",
    response_model=Moved,
    dependencies=[SameOrigin],
    responses=ANSWERS,
    openapi_extra=accepts(EnterIn),
)
async def enter(
    token: str,
    request: Request,
    ctx: AnyoneCtx,
    body: Annotated[EnterIn, Depends(posted(EnterIn, agent_logins.PAGE))],
) -> Response:
    """Use up a mailed link: the session's cookie, and the way to the agent's pages."""
    signed_in = await agent_logins.enter(ctx, token, body.tenant_uuid)
    return await cookies.welcome(request, ctx, signed_in, agent_logins.onward_path(body.next))


def _page(entrance: Entrance | None, onward: str, *, is_sandbox: bool) -> str:
    return templating.template("enter.html.jinja").render(
        entrance=entrance, onward=onward, sandbox=is_sandbox, login=agent_logins.PAGE
    )
