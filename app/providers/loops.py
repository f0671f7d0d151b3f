"""Clients that belong to an event loop: one is made for each, and closed where it was used."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")


class PerLoop(Generic[T]):
    """One client for each running event loop, as connections cannot be shared between loops.

    A process has several: the one that serves and the one that carries out workflows.
    """

    def __init__(self, make: Callable[[], T], close: Callable[[T], Awaitable[None]]) -> None:
        self._make = make
        self._close = close
        self._made: WeakKeyDictionary[asyncio.AbstractEventLoop, T] = WeakKeyDictionary()

    def here(self) -> T:
        """Return the client of the running loop, made at its first use."""
        loop = asyncio.get_running_loop()
        if loop not in self._made:
            self._made[loop] = self._make()
        return self._made[loop]

    async def close(self) -> None:
        """Close every client in the loop it belongs to; those of ended loops are gone already."""
        here = asyncio.get_running_loop()
        while self._made:
            loop, client = self._made.popitem()
            if loop is here:
                await self._close(client)
            elif loop.is_running():
                done = asyncio.run_coroutine_threadsafe(self._closing(client), loop)
                await asyncio.wrap_future(done)

    async def _closing(self, client: T) -> None:
        await self._close(client)
