"""The try-it console: the human behind an agent makes a call by hand, as real as any other."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from app.core import plain_json
from app.core.errors import DomainError, InvalidInputError
from app.services import agents, gateway, throttle
from app.services.context import Context
from app.services.gateway import Call

LONGEST: Final = 16_000


@dataclass(frozen=True, slots=True)
class Tried:
    """The envelope as text, its HTTP status, and how long it took."""

    status: int
    text: str
    took_ms: int


async def run(ctx: Context, action: str, params: str, *, dry_run: bool) -> Tried:
    """Do one action of the acting agent's; ``params`` is JSON text.

    Raises ``InvalidInputError`` for what is no JSON object, ``RateLimitedError``, and
    ``ForbiddenError`` for a suspended account; every other refusal is an answer.
    """
    await agents.acting(ctx)
    await throttle.count(ctx, ctx.settings.limit_api_key, "console", str(ctx.tenant_id))
    given = _object(params)
    request_id = f"req_{secrets.token_hex(8)}"
    origin = replace(ctx.actor.origin, request_id=request_id)
    ctx.actor = replace(ctx.actor, origin=origin)
    began = time.monotonic()
    reply = await gateway.run(ctx, Call(action[:128], given, is_dry_run=dry_run))
    took = int(1000 * (time.monotonic() - began))
    return Tried(reply.status, json.dumps(reply.body, indent=2, ensure_ascii=False), took)


def _object(text: str) -> dict[str, Any]:
    problem = f"must be a JSON object of at most {LONGEST:,} characters"
    if len(text) > LONGEST:
        raise InvalidInputError(f"The params {problem}.", fields=[("params", problem)])
    try:
        found = plain_json.read_json((text.strip() or "{}").encode())
    except DomainError as error:
        raise InvalidInputError(
            f"The params {problem}. {error.message}", fields=[("params", problem)]
        ) from error
    except UnicodeEncodeError as error:
        raise InvalidInputError(f"The params {problem}.", fields=[("params", problem)]) from error
    if not isinstance(found, dict):
        raise InvalidInputError(f"The params {problem}.", fields=[("params", problem)])
    return cast("dict[str, Any]", found)
