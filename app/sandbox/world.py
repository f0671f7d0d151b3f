"""Everything the simulated providers share: configuration, clock, objects, courier, faults."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from app.sandbox.clock import SandboxClock
from app.sandbox.config import SandboxConfig
from app.sandbox.courier import Courier
from app.sandbox.faults import FaultBook
from app.sandbox.store import Document, Store

_TICK_SECONDS = 1.0


class World:
    """One simulated outside world."""

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config.resolved()
        self.store = Store(self.config.state_file)
        self.clock = SandboxClock(self.store.setting("clock_offset", 0), self._clock_moved)
        self.courier = Courier(
            self.store, self.config.retry_delays_seconds, self.config.delivery_timeout_seconds
        )
        self.faults = FaultBook()
        self.requests: deque[Document] = deque(maxlen=2_000)
        self._on_tick: list[Callable[[], None]] = []
        self._on_reset: list[Callable[[], None]] = []
        self._later: set[asyncio.Task[None]] = set()

    def url(self, path: str) -> str:
        """Return the address under which a browser reaches a path of the sandbox."""
        return f"{self.config.public_url}{path}"

    def each_tick(self, action: Callable[[], None]) -> None:
        """Register what falls due by time: expiry, automatic finalisation."""
        self._on_tick.append(action)

    def each_reset(self, action: Callable[[], None]) -> None:
        """Register what must be set up again after everything was forgotten."""
        self._on_reset.append(action)

    def tick(self) -> None:
        """Do what fell due by the simulated time."""
        for action in self._on_tick:
            action()
        self.store.flush()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something a moment later, in wall time."""

        async def wait_and_act() -> None:
            await asyncio.sleep(seconds)
            action()
            self.store.flush()

        task = asyncio.create_task(wait_and_act())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    def busy(self) -> bool:
        """Say whether something is still to happen by itself soon."""
        return bool(self._later) or not self.courier.idle()

    def reset(self) -> None:
        """Forget all objects and faults, and let the clock show the true time again."""
        for task in self._later:
            task.cancel()
        self.store.clear()
        self.faults.clear()
        self.requests.clear()
        self.clock.offset = 0
        for action in self._on_reset:
            action()
        self.store.flush()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Keep the courier and the clock going."""
        tasks = [
            asyncio.create_task(self.courier.run()),
            asyncio.create_task(self._tick_for_ever()),
        ]
        try:
            yield
        finally:
            for task in [*tasks, *self._later]:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            self.store.close()

    async def _tick_for_ever(self) -> None:
        while True:
            self.tick()
            await asyncio.sleep(_TICK_SECONDS)

    def _clock_moved(self, offset: float) -> None:
        self.store.set("clock_offset", offset)
