"""The tools that agents are offered: onboarding, usage, upgrade, and every action of the gateway."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from app.api import agents, deps, errors
from app.api.agents import OnboardingIn
from app.api.manage import CallIn
from app.core.errors import DomainError, InvalidInputError
from app.rules.gateway import ActionDef, Code, Scope, code_for
from app.services import discovery, gateway
from app.services.actions import ACTIONS
from app.services.agents import PRODUCTS
from app.services.context import Context
from app.services.gateway import Call

if TYPE_CHECKING:  # the protocol's library takes long to load: not before somebody speaks it
    from mcp_types import Tool

log = structlog.get_logger(__name__)

_as_anybody = asynccontextmanager(deps.anonymous)
_as_agent = asynccontextmanager(deps.agent)
_BESIDE: Final = {
    name: {"description": CallIn.model_fields[name].description, "type": kind}
    for name, kind in (("dry_run", "boolean"), ("idempotency_key", "string"))
}
"""What a call takes beside its action's own params."""
_ENVELOPE: Final = {
    "type": "object",
    "properties": {
        "ok": {"type": "boolean"},
        "request_id": {"type": "string"},
        "data": {"description": "What the action answers."},
        "error": {"type": "string"},
        "code": {"type": "string"},
    },
    "required": ["ok", "request_id"],
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a tool answers."""

    body: dict[str, Any]
    is_refusal: bool = False

    @property
    def text(self) -> str:
        """The same for readers of text."""
        return json.dumps(self.body, ensure_ascii=False)


class NothingIn(BaseModel):
    """No params at all."""

    model_config = ConfigDict(extra="forbid")


class FirstIn(OnboardingIn):
    """Who the agent is, and which product it wants."""

    model_config = ConfigDict(strict=True, extra="forbid")

    product: str = Field(default=PRODUCTS[0], examples=list(PRODUCTS))


async def _onboard(ctx: Context, wanted: FirstIn) -> BaseModel:
    return await agents.onboarded(ctx, wanted.product, wanted)


async def _usage(ctx: Context, _: NothingIn) -> BaseModel:
    return await agents.used(ctx)


async def _upgrade(ctx: Context, _: NothingIn) -> BaseModel:
    return await agents.upgrading(ctx, ctx.tenant_id)


@dataclass(frozen=True, slots=True)
class _Own:
    """A tool that is no action; only onboarding needs no key."""

    description: str
    params: type[BaseModel]
    run: Callable[[Context, Any], Awaitable[BaseModel]]
    is_reading: bool = False
    is_open: bool = False


_OWN: Final = {
    "onboard": _Own(
        "Open an account: answers an API key, shown once, with a hundred free calls a month.",
        FirstIn,
        _onboard,
        is_open=True,
    ),
    "usage": _Own(
        "Tell what is used and left of the running month. Costs nothing.",
        NothingIn,
        _usage,
        is_reading=True,
    ),
    "upgrade": _Own(
        "Answer the page where your owner stores a card, to go on after the free calls.",
        NothingIn,
        _upgrade,
    ),
}


def offered() -> list[Tool]:
    """Return every tool, whoever asks: what a key may not do is refused when it is called."""
    from mcp_types import Tool, ToolAnnotations

    own = [
        Tool(
            name=name,
            description=one.description,
            input_schema=one.params.model_json_schema(),
            annotations=ToolAnnotations(read_only_hint=one.is_reading),
        )
        for name, one in _OWN.items()
    ]
    return own + [_tool(one.definition) for _, one in sorted(ACTIONS.items())]


def input_schema(name: str) -> Mapping[str, Any] | None:
    """Return what a tool takes; None for one that is not there."""
    if name in _OWN:
        return _OWN[name].params.model_json_schema()
    return _takes(ACTIONS[name].definition) if name in ACTIONS else None


async def call(request: Request, name: str, arguments: Mapping[str, Any]) -> Said:
    """Do what a tool does for whoever's key came with the request; a refusal is an answer."""
    try:
        own = _OWN.get(name)
        if own is None:
            return await _act(request, name, arguments)
        door = _as_anybody if own.is_open else _as_agent
        async with door(request) as ctx:
            done = await own.run(ctx, _read(own.params, arguments))
        return Said(done.model_dump(mode="json"))
    except DomainError as refusal:
        return _refused(request, refusal)
    except Exception as error:  # an edge: nothing of it may reach the agent
        log.error("request.failed", path=request.url.path, tool=name[:128], exc_info=error)
        message = "Something failed on our side. Nothing was changed."
        return _envelope(request, Code.INTERNAL_ERROR, message)


async def _act(request: Request, name: str, arguments: Mapping[str, Any]) -> Said:
    async with _as_agent(request) as ctx:
        beside = {key: arguments[key] for key in _BESIDE if key in arguments}
        params = {key: value for key, value in arguments.items() if key not in _BESIDE}
        asked = _read(CallIn, {"action": name, "params": params, **beside})
        reply = await gateway.run(
            ctx, Call(asked.action, asked.params, asked.idempotency_key or "", asked.dry_run)
        )
    waits = {"retry_after": reply.retry_after} if reply.retry_after else {}
    return Said(reply.body | waits, is_refusal=not reply.body["ok"])


def _read(kind: type[Any], given: Mapping[str, Any]) -> Any:
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        fields = [
            (".".join(map(str, one["loc"])) or "arguments", errors.problem_of(one))
            for one in error.errors(include_url=False, include_input=False)
        ]
        said = "; ".join(f"{path}: {problem}" for path, problem in fields[:5])
        raise InvalidInputError(f"The arguments are not valid. {said}", fields=fields) from error


def _refused(request: Request, refusal: DomainError) -> Said:
    code = code_for(refusal.status, refusal.reason)
    more: dict[str, Any] = {}
    message = refusal.message
    if isinstance(refusal, InvalidInputError) and refusal.fields:
        more["fields"] = [{"path": path, "problem": problem} for path, problem in refusal.fields]
    if refusal.retry_after:
        more["retry_after"] = refusal.retry_after
    if code is Code.INVALID_API_KEY:
        message = (
            "This needs an agent's API key. Call the tool onboard, and send the api_key that it "
            "answers as the header X-API-Key, or as Authorization: Bearer."
        )
        more["onboarding"] = {"tool": "onboard", "arguments": discovery.EXAMPLE}
    return _envelope(request, code, message, **more)


def _envelope(request: Request, code: Code, message: str, **more: Any) -> Said:
    request_id = getattr(request.state, "request_id", "")
    body = {"ok": False, "request_id": request_id, "error": message, "code": code.value}
    return Said(body | more, is_refusal=True)


def _tool(definition: ActionDef) -> Tool:
    from mcp_types import Tool, ToolAnnotations

    costs = "Takes one of the month's calls." if definition.is_billable else "Costs nothing."
    return Tool(
        name=definition.name,
        description=f"{definition.description}\n\n{costs} Needs the scope {definition.scope}.",
        input_schema=dict(_takes(definition)),
        output_schema=_ENVELOPE,
        annotations=ToolAnnotations(read_only_hint=definition.scope is Scope.READ),
    )


def _takes(definition: ActionDef) -> Mapping[str, Any]:
    """Return the params of an action with what a call takes beside them, where it has an effect."""
    beside: dict[str, Any] = {}
    if definition.supports_dry_run:
        beside["dry_run"] = _BESIDE["dry_run"]
    if definition.is_billable or definition.scope is not Scope.READ:
        beside["idempotency_key"] = _BESIDE["idempotency_key"]
    schema = definition.params_schema
    return {**schema, "properties": {**schema.get("properties", {}), **beside}}
