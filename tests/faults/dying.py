"""A worker that dies as by ``kill -9`` at one moment of one step, once: ``DIE_AT=moment:step``.

Moments: ``asked`` is after a provider answered and before anything of it was written down
(``asked-again``: the second time it was asked in that step);
``done`` is after the step's transaction was committed and before the workflow remembers the step.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from dbos import DBOS

from app.cli import cli
from app.jobs import engine
from app.services.context import Context
from app.services.ports import Providers

moment, _, victim = os.environ["DIE_AT"].partition(":")
current: ContextVar[str] = ContextVar("current", default="")
asked: ContextVar[int] = ContextVar("asked", default=0)
DEADLY = {"asked": 1, "asked-again": 2}
ask = Context.outside


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Mortal:
    """DBOS, with a step after which the process is gone."""

    def __call__(self, **options: Any) -> Any:
        return DBOS(**options)

    def __getattr__(self, name: str) -> Any:
        return getattr(DBOS, name)

    async def run_step_async(self, options: Any, once: Callable[[], Awaitable[Any]]) -> Any:
        async def watched() -> Any:
            token = current.set(options["name"])
            asked.set(0)
            try:
                result = await once()
            finally:
                current.reset(token)
            if moment == "done" and options["name"] == victim:
                die()
            return result

        return await DBOS.run_step_async(options, watched)


@contextlib.asynccontextmanager
async def outside(self: Context) -> AsyncGenerator[Providers]:
    async with ask(self) as providers:
        yield providers
    asked.set(asked.get() + 1)
    if current.get() == victim and DEADLY.get(moment) == asked.get():
        die()


engine.DBOS = Mortal()  # type: ignore[assignment]
Context.outside = outside  # type: ignore[method-assign]
cli(["worker"])
