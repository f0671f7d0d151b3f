"""The process that does what is due: starts jobs, sends mails, folds usage, keeps the schedule."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

import app.jobs as package
from app.core.discover import import_all
from app.core.errors import DomainError
from app.jobs.engine import Engine, OpenContext
from app.jobs.schedule import Agenda
from app.services import mails, outbox, sandbox, workers
from app.services.context import Context
from app.services.ports import Mailer
from models.exchange import OutboxKind

log = structlog.get_logger(__name__)

PAUSE = 0.5
"""Seconds between looks at the outbox when nothing wakes the worker."""
QUICK_PAUSE = 0.05
QUICK_FOR = 3.0
"""Seconds between looks, and for how long, after the clock was moved: it is moved day by day."""
BATCH = 50
BEAT = 10.0
"""Seconds between signs of life, given however long the work at hand takes."""


class Worker:
    """Runs in the serving process by default, or alone as ``worker``."""

    def __init__(
        self,
        *,
        worker_id: str,
        queue_url: str,
        open_context: OpenContext,
        mailer: Mailer,
        refresh_clock: Callable[[], Awaitable[None]],
        now: Callable[[], dt.datetime],
        parallel: int,
    ) -> None:
        import_all(package)
        self.id = worker_id
        self.engine = Engine(queue_url=queue_url, worker_id=worker_id, open_context=open_context)
        self._open = open_context
        self._mailer = mailer
        self._refresh_clock = refresh_clock
        self._parallel = parallel
        self._wake = asyncio.Event()
        self._stopping = False
        self._loop: asyncio.Task[None] | None = None
        self._pulse: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._agenda = Agenda()
        self._now = now
        self._quick_until = 0.0

    def wake(self) -> None:
        """Look at the outbox now; called after every commit in this process."""
        self._wake.set()

    async def start(self) -> None:
        """Launch the engine and begin to look."""
        self.engine.launch()
        self._pulse = asyncio.create_task(self._live())
        self._loop = asyncio.create_task(self._run())

    async def stop(self, patience: int = 20) -> None:
        """Finish what is being done, then let go."""
        self._stopping = True
        self._wake.set()
        if self._loop is not None:
            await self._loop
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await asyncio.gather(*self.engine.running, return_exceptions=True)
        if self._pulse is not None:
            self._pulse.cancel()
            await asyncio.gather(self._pulse, return_exceptions=True)
        await self.engine.stop(patience=0)

    async def _live(self) -> None:
        """Give signs of life; a worker that waits long for a mail server is not dead."""
        while True:
            with contextlib.suppress(SQLAlchemyError, OSError):  # the loop beside tells of it
                await self._do(lambda ctx: workers.beat(ctx, self.id))
            await asyncio.sleep(BEAT)

    async def _run(self) -> None:
        kept_at = -1e9
        while not self._stopping:
            self._wake.clear()
            try:
                if asyncio.get_running_loop().time() - kept_at > BEAT:
                    kept_at = asyncio.get_running_loop().time()
                    await self._housekeep()
                busy = await self.turn()
            except (SQLAlchemyError, OSError) as error:
                log.error("worker.database_lost", exc_info=error)
                busy = False
            if not busy:
                quick = asyncio.get_running_loop().time() < self._quick_until
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), QUICK_PAUSE if quick else PAUSE)

    async def turn(self) -> bool:
        """Do once whatever is due; tell whether there was anything."""
        async with self._turn:
            await self._refresh_clock()
            now = self._now()
            ticked = await self._tick(now)
            started = await self._start_jobs()
            sent = await self._send_mails()
            busy = bool(ticked or started or sent)
            if not busy and not self.engine.running:
                await self._answer_mover(now)
            return busy

    async def settle(self) -> None:
        """Work until nothing is due or running: what a moved clock waits for."""
        while True:
            busy = await self.turn()
            if self.engine.running:
                await asyncio.wait(set(self.engine.running))
            elif not busy and not await self._do(outbox.in_flight, readonly=True):
                return

    async def _answer_mover(self, now: dt.datetime) -> None:
        """Tell whoever moved the clock, perhaps in another process, that this instant is settled."""
        if await self._do(lambda ctx: sandbox.awaits_worker(ctx, self.id, now), readonly=True):
            await self._do(lambda ctx: sandbox.note_settled(ctx, self.id, now))
            self._quick_until = asyncio.get_running_loop().time() + QUICK_FOR

    async def _tick(self, now: dt.datetime) -> int:
        found = 0
        for task in self._agenda.due(now):
            found += await self._do(task.run)
            self._agenda.ran(task, now)
        return found

    async def _start_jobs(self) -> int:
        room = self._parallel - len(self.engine.running)
        if room <= 0:
            await asyncio.wait(set(self.engine.running), return_when=asyncio.FIRST_COMPLETED)
            return 1
        items = await self._do(lambda ctx: outbox.due(ctx, OutboxKind.JOB, room), readonly=True)
        if not items:
            return 0
        # Noted as started first and started second would lose a job in a crash between the two;
        # this way round it is started twice, which the workflow's id makes once.
        for item in items:
            await self.engine.start(str(item.id), item.name, item.attempts, dict(item.payload))
        started = [(item.id, item.attempts) for item in items]
        await self._do(lambda ctx: outbox.mark_started(ctx, started))
        return len(items)

    async def _send_mails(self) -> int:
        items = await self._do(lambda ctx: outbox.due(ctx, OutboxKind.MAIL, BATCH), readonly=True)
        for item in items:
            letter = await self._do(lambda ctx, one=item.id: mails.claim(ctx, one, self.id))
            if letter is None:
                continue
            failure: Exception | None = None
            try:
                await self._mailer.send(
                    to=letter.to,
                    subject=letter.subject,
                    text=letter.text,
                    html=letter.html,
                    message_id=letter.message_id,
                    attachments=letter.attachments,
                )
            except DomainError as error:
                failure = error
            await self._do(lambda ctx, one=item.id, why=failure: mails.finish(ctx, one, why))
        return len(items)

    async def _housekeep(self) -> None:
        for dead in await self._do(lambda ctx: workers.bury(ctx, self.id)):
            log.warning("worker.took_over", dead=dead)
            await self.engine.recover(dead)
        async with self._turn:  # so that this worker sends none meanwhile
            await self._do(lambda ctx: mails.release_uncertain(ctx, self.id))

    async def _do(
        self, use_case: Callable[[Context], Awaitable[Any]], *, readonly: bool = False
    ) -> Any:
        async with self._open(readonly=readonly, quiet=True) as ctx:
            return await use_case(ctx)
