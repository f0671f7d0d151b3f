"""What a serving process starts before the first request and ends after the last."""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import structlog

from app import runtime, upstream
from app.api import mcp
from app.jobs.worker import Worker
from app.runtime import Runtime
from app.services import forwarding, receipts

log = structlog.get_logger(__name__)


@asynccontextmanager
async def run() -> AsyncGenerator[None]:
    """Take over the sandbox clock, run the worker where this process shall, serve, and end."""
    process = runtime.current()
    forwarding.install(upstream.load(process.settings.actions_file))
    await process.refresh_clock()
    async with process.as_system(quiet=True) as ctx:
        await receipts.publish_key(ctx)
        if process.desk is not None:
            await process.desk.publish(ctx)
    async with (
        mcp.running(process.settings),
        working(process, process.settings.run_worker),
    ):
        yield
    await process.close()


@asynccontextmanager
async def working(process: Runtime, wanted: bool) -> AsyncGenerator[Worker | None]:
    """Run the worker meanwhile, if wanted and if no other process here runs one under its name."""
    with sole(process.settings.data_dir / f"worker-{process.settings.worker_id}.lock") as is_ours:
        if not (wanted and is_ours):
            yield None
            return
        worker = Worker(
            worker_id=process.settings.worker_id,
            queue_url=process.settings.queue_url,
            open_context=process.as_system,
            mailer=process.mailer,
            refresh_clock=process.refresh_clock,
            now=process.clock.now,
            parallel=process.settings.parallel_jobs,
        )
        await worker.start()
        process.wake, process.settle = worker.wake, worker.settle
        process.queue_is_up = lambda: worker.engine.is_up
        log.info("worker.started", worker=worker.id)
        yield worker
        process.queue_is_up = lambda: False
        await worker.stop()


@contextmanager
def sole(path: Path) -> Generator[bool]:
    """Hold a file lock meanwhile; False when another process holds it.

    Two processes under one worker id would do every step twice, and the kernel drops the lock of a
    process however it ends.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_ours = True
    except BlockingIOError:
        is_ours = False
    try:
        yield is_ours
    finally:
        os.close(descriptor)
