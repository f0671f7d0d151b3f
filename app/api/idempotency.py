"""``Idempotency-Key``: a POST that creates something may be sent again without harm."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from app.api.errors import refusal_of
from app.core.errors import DomainError
from app.services import idempotency
from app.services.context import Context
from app.services.idempotency import Answer

Work = Callable[[], Awaitable[tuple[int, BaseModel]]]
"""Does the change and returns (status, answer)."""


@dataclass(frozen=True, slots=True)
class Once:
    """Runs a change at most once per key; without a key it just runs it."""

    request: Request
    key: str | None

    async def run(self, ctx: Context, work: Work) -> Response:
        """Return the work's answer, or the stored one of an earlier request under this key.

        Refusals are kept like answers; after a failure of ours nothing is, so that a retry works.
        """
        if self.key is None:
            return _response(_answer(*await work()))
        claim = await idempotency.claim(ctx, self.key, await self._hash())
        if claim.earlier is not None:
            response = _response(claim.earlier)
            response.headers["Idempotent-Replayed"] = "true"
            return response
        try:
            answer = _answer(*await work())
            await idempotency.settle(ctx, claim.id, answer)
        except BaseException as error:
            await ctx.db.rollback()
            if isinstance(error, DomainError) and error.status < 500:
                refused = refusal_of(self.request, error)
                body = bytes(refused.body)
                await idempotency.settle(ctx, claim.id, Answer(error.status, body))
                await ctx.save()
            else:
                await idempotency.let_go(ctx, claim.id)
            raise
        return _response(answer)

    async def _hash(self) -> str:
        body = getattr(self.request.state, "json", None)
        if body is None:  # no JSON: whatever it is, another text is another request
            said = hashlib.sha256(await self.request.body()).hexdigest()
        else:
            said = json.dumps(body, sort_keys=True)
        url = self.request.url
        text = "\n".join((self.request.method, url.path, url.query, said))
        return hashlib.sha256(text.encode()).hexdigest()


def _answer(status: int, out: BaseModel) -> Answer:
    return Answer(status, out.model_dump_json().encode())


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, media_type="application/json")


async def _once(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            description="1 to 255 printable characters; the same key never changes anything twice."
        ),
    ] = None,
) -> Once:
    return Once(request, idempotency_key)


OnceOnly = Annotated[Once, Depends(_once)]
