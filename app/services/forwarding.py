"""Actions that another service does: offered beside our own, asked for, and their answers told on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

import structlog

from app.core.discover import import_all
from app.core.errors import (
    ConflictError,
    DomainError,
    InvalidInputError,
    MalformedError,
    NotFoundError,
    UnavailableError,
)
from app.core.ids import new_id
from app.core.plain_json import is_deeper, read_json
from app.rules.forwarding import Forward, Method, complaint_of, refusal_of
from app.rules.gateway import DEEPEST, HIDDEN, Code, Result
from app.services import packs
from app.services.actions import ACTIONS, Action, Params
from app.services.context import Context
from app.services.upstream_ports import UpstreamAnswer, UpstreamRequest

log = structlog.get_logger(__name__)
SHORT: Final = 8
"""A text of fewer characters is no secret that an answer could be searched for."""
_ERRORS: Final[Mapping[Code, type[DomainError]]] = {
    Code.NOT_FOUND: NotFoundError,
    Code.CONFLICT: ConflictError,
    Code.VALIDATION_ERROR: InvalidInputError,
}


def install(forwards: Iterable[Forward]) -> None:
    """Offer these actions, and none that were forwarded before; ``ValueError`` for a name of our own."""
    import_all(packs)
    for name in [name for name, one in ACTIONS.items() if isinstance(one.run, Forward)]:
        del ACTIONS[name]
    for one in forwards:
        name = one.definition.name
        if name in ACTIONS:
            raise ValueError(f"{name}: there is an action of this name already")
        ACTIONS[name] = Action(one.definition, Params, one, None)


async def ask(ctx: Context, to: Forward, params: Mapping[str, Any], key: str) -> Result:
    """Have another service do an action, after what was done so far is saved.

    The agent's own ``key`` goes along as one of ours, so that a retry under it is a retry there.
    Raises ``UnavailableError``, and what the service's refusal stands for.
    """
    name = to.definition.name
    async with ctx.upstream() as upstream:
        answer = await upstream.ask(_request(ctx, to, params, key))
    said = _read(to, answer)
    if 200 <= answer.status < 300:
        return Result(said, "forwarded", len(said) if isinstance(said, list) else 1)
    log.warning("gateway.forward_refused", action=name, status=answer.status)
    code = refusal_of(answer.status) if 400 <= answer.status < 500 else Code.UNAVAILABLE
    complaint = complaint_of(said)
    kind = _ERRORS.get(code)
    if kind is None:
        raise UnavailableError(
            "The service behind this action cannot do it at the moment.",
            retry_after=answer.retry_after,
        )
    raise kind(complaint or f"The service behind this action refused it ({answer.status}).")


def _request(ctx: Context, to: Forward, params: Mapping[str, Any], key: str) -> UpstreamRequest:
    is_get = to.method is Method.GET
    query = "?" + urlencode({name: _plain(one) for name, one in params.items()}) if params else ""
    body = b"" if is_get else json.dumps(params, ensure_ascii=False).encode()
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "turnpike",
        "X-Tenant-ID": str(ctx.tenant_id),
        "X-Request-ID": ctx.actor.origin.request_id,
        "Idempotency-Key": _key(ctx, to, key),
    }
    if not is_get:
        headers["Content-Type"] = "application/json"
    return UpstreamRequest(
        method=to.method,
        url=to.url + query if is_get else to.url,
        headers={**to.headers, **headers},
        body=body,
        timeout_seconds=to.timeout_seconds,
        max_bytes=to.max_response_bytes,
        may_be_private=to.host.allow_private,
    )


def _key(ctx: Context, to: Forward, key: str) -> str:
    """Return the same key for the same call of the same tenant, and nobody else's."""
    if not key:
        return new_id().hex
    text = json.dumps([str(ctx.tenant_id), to.definition.name, key])
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _read(to: Forward, answer: UpstreamAnswer) -> Any:
    """Return the JSON of an answer without our own secrets; None for none, whatever a refusal holds."""
    body = answer.body
    secrets = {part for value in to.headers.values() for part in (value, *value.split())}
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORT:
            body = body.replace(secret.encode(), HIDDEN.encode())
    is_fine = 200 <= answer.status < 300
    if not body and is_fine:
        return None
    kind = answer.content_type.partition(";")[0].strip().lower()
    try:
        if kind == "application/json" or kind.endswith("+json"):
            said = read_json(body)
            if not is_deeper(said, DEEPEST):
                return said
            kind = "too deep"
    except MalformedError:
        kind = "something else"
    if not is_fine:
        return None
    log.error("gateway.forward_no_json", action=to.definition.name, content_type=kind[:80])
    raise UnavailableError("The service behind this action answered something that is no JSON.")
