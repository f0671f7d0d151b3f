"""How a list leaves as a file: streamed, in a unit of work of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any

from fastapi.responses import StreamingResponse

from app import runtime
from app.api.errors import Envelope
from app.services.context import Actor, Context

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {}}},
    **{
        status: {"model": Envelope, "description": description}
        for status, description in (
            (400, "The address cannot be read."),
            (401, "Not signed in."),
            (403, "The account may not have this file."),
            (422, "Some parameters are not valid."),
        )
    },
}
"""The documentation of a file's answers."""


def csv_file(
    actor: Actor, name: str, read: Callable[[Context], AsyncGenerator[str]]
) -> StreamingResponse:
    """Answer with what ``read`` yields; the request's own unit of work ends before that begins."""

    async def chunks() -> AsyncGenerator[str]:
        async with runtime.current().context(actor, readonly=True) as ctx:
            async for chunk in read(ctx):
                yield chunk

    return StreamingResponse(
        chunks(),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}.csv"',
            "Cache-Control": "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
