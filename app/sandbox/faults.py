"""Failures on demand: an answer with an error, a lost answer, a broken connection, a delay."""

import asyncio
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Receive, Scope, Send


class Fault(BaseModel):
    """What goes wrong with the next calls of a route.

    `route` is a method and a path with wildcards, such as `POST /stripe/v1/invoices/*/pay`. A fault `before` the work leaves
    no trace; one `after` it loses only the answer, which is the case that charges people twice.
    """

    model_config = ConfigDict(extra="forbid")

    route: str
    kind: Literal["status", "reset", "delay", "timeout"] = "status"
    status: int = Field(default=500, ge=400, le=599)
    seconds: float = Field(default=1, ge=0, le=600)
    when: Literal["before", "after"] = "before"
    times: int = Field(default=1, ge=1, le=100_000)


class FaultBook:
    """The faults that are still to happen, in the order they were asked for."""

    def __init__(self) -> None:
        self.pending: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let something go wrong."""
        self.pending.append(fault)

    def clear(self) -> None:
        """Let everything go right again."""
        self.pending.clear()

    def draw(self, method: str, path: str) -> Fault | None:
        """Take the fault that this call must suffer, if there is one."""
        for fault in self.pending:
            if fnmatchcase(f"{method} {path}", fault.route):
                fault.times -= 1
                if fault.times == 0:
                    self.pending.remove(fault)
                return fault
        return None


class BrokenConnection:
    """An ASGI answer that ends in the middle, so that the client cannot know what happened."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Promise more bytes than are sent."""
        del scope, receive
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", b"application/json"),
                    (b"content-length", b"4096"),
                ],
            }
        )
        await send({"type": "http.response.body", "body": b"{", "more_body": True})


async def suffer(fault: Fault) -> BrokenConnection | None:
    """Wait or break as the fault demands; a `status` fault is answered by the caller in the provider's own envelope."""
    if fault.kind == "delay":
        await asyncio.sleep(fault.seconds)
        return None
    if fault.kind == "timeout":
        await asyncio.sleep(fault.seconds)
        return BrokenConnection()
    if fault.kind == "reset":
        return BrokenConnection()
    return None
