"""Workers that die as by ``kill -9``, one after the other, and then one that lives.

``DIE_AT=moment:step,moment:step``: each dies once, at one moment of one step. Moments: ``asked`` is
after a provider answered and before anything of it was written down (``asked-again``: the second
time it was asked in that step); ``done`` is after the step's transaction was committed and before
the workflow remembers the step. They are forks of this process, so that the product is read only once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from dbos import DBOS

import app.lifespan
import app.runtime  # noqa: F401 - read before the forks
from app.cli import cli
from app.jobs import engine
from app.services.context import Context
from app.services.ports import Providers

current: ContextVar[str] = ContextVar("current", default="")
asked: ContextVar[int] = ContextVar("asked", default=0)
DEADLY = {"asked": 1, "asked-again": 2}
ask = Context.outside
moment, victim = "", ""


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
    if victim and current.get() == victim and DEADLY.get(moment) == asked.get():
        die()


engine.DBOS = Mortal()  # type: ignore[assignment]
Context.outside = outside  # type: ignore[method-assign]
signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the fork that lives ends by it, and this after it
for when in [*os.environ["DIE_AT"].split(","), ""]:
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        moment, _, victim = when.partition(":")
        cli(["worker"], standalone_mode=False)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
        sys.exit(os.waitstatus_to_exitcode(status))
    sys.stdout.write(f"died at {when}\n")
    sys.stdout.flush()
