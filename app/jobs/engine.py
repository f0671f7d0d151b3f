"""Durable workflows on DBOS: a job is a function of steps that survives a kill at any point."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar, cast

import structlog
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID, StepOptions

from app.core.errors import DomainError, UnavailableError
from app.services import outbox
from app.services.context import Context
from app.services.ports import JobName

log = structlog.get_logger(__name__)

T = TypeVar("T")


class OpenContext(Protocol):
    """Opens a unit of work as the system; a quiet one does not wake the worker."""

    def __call__(
        self, *, readonly: bool = False, quiet: bool = False
    ) -> AbstractAsyncContextManager[Context]:
        """Open it."""
        ...


APP_VERSION = "1"
"""Pinned: a workflow started before an upgrade is finished after it."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a running job holds: its payload, and the way to do one step durably."""

    key: str
    payload: dict[str, Any]
    _open: OpenContext

    async def step(self, name: str, use_case: Callable[[Context], Awaitable[T]]) -> T:
        """Run a use case in a unit of work of its own and remember its (JSON) result.

        A step is done at least once: after a kill between its commit and the remembering it runs
        again, so the use case must hold under repetition.
        """

        async def once() -> T:
            async with self._open() as ctx:
                return await use_case(ctx)

        return await DBOS.run_step_async(StepOptions(name=name), once)


Job = Callable[[Work], Awaitable[None]]
JOBS: dict[JobName, Job] = {}


def job(name: JobName) -> Callable[[Job], Job]:
    """Register the one function that does this job."""

    def register(function: Job) -> Job:
        if name in JOBS:
            raise ValueError(f"two functions for {name}")
        JOBS[name] = function
        return function

    return register


class NotedError(DomainError):
    """A failure that is kept, and taken up again, where the work itself is kept."""

    status = 409
    reason = "noted"


class NoteFailure(Protocol):
    """Keeps a failure with the work it belongs to."""

    def __call__(self, ctx: Context, *, error: BaseException) -> Awaitable[None]:
        """Keep it."""
        ...


@asynccontextmanager
async def noted(work: Work, note: NoteFailure) -> AsyncGenerator[None]:
    """Keep a failure of the steps within by ``note``, which decides about the next try."""
    try:
        yield
    except Exception as error:  # the worker's edge: recorded, shown, retried
        failure = error
        await work.step("note failure", lambda ctx: note(ctx, error=failure))
        raise NotedError(f"{type(error).__name__}: {error}"[:400]) from error


class Engine:
    """Launches DBOS in the running loop, starts workflows and recovers those of dead workers."""

    def __init__(self, *, queue_url: str, worker_id: str, open_context: OpenContext) -> None:
        self._queue_url = queue_url
        self._worker_id = worker_id
        self._open = open_context
        self._workflow: Callable[[str, str, dict[str, Any]], Awaitable[None]] | None = None
        self.running: set[asyncio.Task[Any]] = set()

    @property
    def is_up(self) -> bool:
        """Whether workflows can be started."""
        return self._workflow is not None

    def launch(self) -> None:
        """Start DBOS; what this worker left unfinished goes on by itself."""
        config: DBOSConfig = {
            "name": "turnpike",
            "system_database_url": self._queue_url,
            "executor_id": self._worker_id,
            "application_version": APP_VERSION,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
            "sys_db_pool_size": 5,
        }
        DBOS(config=config)

        async def turnpike_job(item_id: str, name: str, payload: dict[str, Any]) -> None:
            await self._run(item_id, name, payload)  # DBOS marks the function, and methods refuse

        self._workflow = DBOS.workflow(name="turnpike_job")(turnpike_job)
        DBOS.launch()

    async def stop(self, patience: int) -> None:
        """Let running steps end, at most this many seconds; the rest resumes at the next start."""
        self._workflow = None
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as pool:
            end = partial(
                DBOS.destroy, destroy_registry=True, workflow_completion_timeout_sec=patience
            )
            await loop.run_in_executor(pool, end)
        # DBOS made its own threads the loop's and took them along.
        loop.set_default_executor(ThreadPoolExecutor())

    async def start(self, item_id: str, name: str, attempt: int, payload: dict[str, Any]) -> None:
        """Start a job's workflow; the same item and attempt start only once, whoever starts them."""
        if self._workflow is None:
            raise UnavailableError("The worker is not running.")
        with SetWorkflowID(f"{item_id}#{attempt}"):
            handle = await DBOS.start_workflow_async(
                cast("Any", self._workflow), item_id, name, payload
            )
        task = asyncio.ensure_future(handle.get_result())
        self.running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self.running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("job.broken", exc_info=error)

    async def recover(self, dead_worker: str) -> None:
        """Take over the unfinished workflows of a worker that will not come back."""
        await asyncio.to_thread(DBOS._recover_pending_workflows, [dead_worker])  # pyright: ignore[reportPrivateUsage]

    async def _run(self, item_id: str, name: str, payload: dict[str, Any]) -> None:
        work = Work(item_id, payload, self._open)
        error, may_retry = "", False
        try:
            await JOBS[JobName(name)](work)
        except DomainError as refusal:
            error, may_retry = f"{refusal.reason}: {refusal.message}", refusal.status >= 500
        except Exception as failure:
            log.error("job.failed", job=name, item=item_id, exc_info=failure)
            error, may_retry = f"{type(failure).__name__}: {failure}", True

        async def finish(ctx: Context) -> None:
            await outbox.finish_job(ctx, item_id, error=error, may_retry=may_retry)

        await work.step("finish", finish)
