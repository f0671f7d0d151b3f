"""Builds database, clock, keys and providers once, and hands out units of work."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache

from sqlalchemy.exc import SQLAlchemyError

from app import migrations
from app.core.clock import Clock, SystemClock
from app.core.errors import DomainError, UnavailableError
from app.core.jws import Signer
from app.core.keyring import Keyring
from app.database import Database
from app.documents.press import Press
from app.hashing import Argon2Hasher
from app.keys import load_keyring, load_signer
from app.limiting import build_limiter
from app.providers.registry import build_mailer, build_providers, secrets_in_environment
from app.providers.remote import ExecutorClient
from app.services.context import SYSTEM, Actor, ActorKind, Context, Origin
from app.services.hasher import PasswordHasher
from app.services.ports import Documents, Limiter, Mailer, Providers
from app.services.upstream_ports import Upstream
from app.settings import Settings
from app.upstream import HttpUpstream
from app.vault_keys import KeyHolder
from app.vaulting import VaultDesk
from models.installation import ClockOffset

Authenticate = Callable[[Context], Awaitable[Actor]]


def _nobody_listens() -> None:
    """Stand in for the job relay in processes that run none."""


@dataclass(slots=True)
class Runtime:
    """Everything a process needs, built from its settings; tests put fakes in its place."""

    settings: Settings
    database: Database
    clock: Clock
    keyring: Keyring
    signer: Signer
    limiter: Limiter
    hasher: PasswordHasher
    documents: Documents
    providers: Providers
    mailer: Mailer
    upstream: Upstream = field(default_factory=HttpUpstream)
    wake: Callable[[], None] = _nobody_listens
    queue_is_up: Callable[[], bool] = lambda: True
    settle: Callable[[], Awaitable[None]] | None = None
    desk: VaultDesk | None = None

    @asynccontextmanager
    async def context(
        self, actor: Actor, *, readonly: bool = False, quiet: bool = False
    ) -> AsyncGenerator[Context]:
        """Give one unit of work to somebody: commit at the end, roll back on any error.

        A refusal that a service noted with ``audit_refusal`` is written after the rollback.
        ``readonly`` takes no write lock on SQLite; ``quiet`` does not wake the worker.
        """
        ctx = Context(
            actor=actor,
            db=self.database.session(readonly=readonly),
            clock=self.clock,
            settings=self.settings,
            keyring=self.keyring,
            signer=self.signer,
            limiter=self.limiter,
            hasher=self.hasher,
            documents=self.documents,
            _providers=self.providers,
            _upstream=self.upstream,
            readonly=readonly,
            express=self.database.express,
        )
        wakes = not (readonly or quiet)
        if wakes:
            ctx.after_commit(self._wake)
        try:
            yield ctx
            if wakes:
                ctx.after_commit(self._wake)  # a save half-way has used up the first one
            await ctx.save()
        except BaseException as error:
            await ctx.db.rollback()
            if isinstance(error, DomainError):
                await self._write_refusals(ctx, error)
            raise
        finally:
            await ctx.db.close()

    @asynccontextmanager
    async def authenticated(
        self, authenticate: Authenticate, origin: Origin, *, readonly: bool = False
    ) -> AsyncGenerator[Context]:
        """Give a unit of work to whoever ``authenticate`` finds the caller to be."""
        anonymous = Actor(ActorKind.ANONYMOUS, origin=origin)
        async with self.context(anonymous, readonly=readonly) as ctx:
            ctx.actor = replace(await authenticate(ctx), origin=origin)
            yield ctx

    async def refresh_clock(self) -> None:
        """Take over the sandbox's clock, which another process may have moved."""
        if isinstance(self.clock, SystemClock) and self.settings.is_sandbox:
            async with self.database.session(readonly=True) as db:
                row = await db.get(ClockOffset, 1)
            if row is not None:
                self.clock.offset = dt.timedelta(microseconds=row.micros)

    async def readiness(self) -> dict[str, str]:
        """Say of each thing the process needs whether it is there: ``ok`` or what is wrong."""
        checks = {"database": "ok", "migrations": "ok", "queue": "ok"}
        try:
            await self.refresh_clock()
            async with self.database.session(readonly=True) as db:
                current = await migrations.is_current(await db.connection())
            if not current:
                checks["migrations"] = "not at the newest revision: run migrate"
        except SQLAlchemyError as error:
            checks["database"] = f"cannot be reached: {type(error).__name__}"
        if self.settings.run_worker and not self.queue_is_up():
            checks["queue"] = "the worker is not running"
        return checks

    async def close(self) -> None:
        """Give back every connection."""
        await self.providers.close()
        await self.upstream.close()
        await self.database.close()

    def as_system(
        self, *, readonly: bool = False, quiet: bool = False
    ) -> AbstractAsyncContextManager[Context]:
        """Give a unit of work to the system itself: jobs and the command line."""
        return self.context(SYSTEM, readonly=readonly, quiet=quiet)

    def _wake(self) -> None:
        self.wake()

    async def _write_refusals(self, ctx: Context, error: DomainError) -> None:
        if not ctx.refusals and error.status in (402, 403):
            ctx.audit_refusal("access.refused", body={"reason": error.reason})
        if ctx.refusals:
            async with self.database.session() as db:
                db.add_all(ctx.refusals)
                await db.commit()


def build(settings: Settings | None = None) -> Runtime:
    """Return a runtime for these settings, or for the environment's."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue]
    keys = settings.data_dir / "keys"
    desk = VaultDesk(KeyHolder(settings)) if settings.has_vault else None
    made = Runtime(
        settings=settings,
        database=Database(settings.db_url),
        clock=SystemClock(),
        keyring=load_keyring(keys),
        signer=load_signer(keys),
        limiter=build_limiter(settings),
        hasher=Argon2Hasher(),
        documents=Press(),
        providers=build_providers(desk=desk, executor=_executor(settings)),
        mailer=build_mailer(settings.mail_from),
        desk=desk,
    )
    if desk is not None:
        desk.open_context = made.as_system
    return made


def check_separation(settings: Settings) -> None:
    """Refuse a process that has an executor and yet holds a provider's secret itself."""
    if not settings.executor_url:
        return
    if held := sorted({found.setting for found in secrets_in_environment()}):
        raise UnavailableError(
            f"With EXECUTOR_URL this process may hold no provider's secret: unset {', '.join(held)}.",
            reason="secrets_in_environment",
        )


def _executor(settings: Settings) -> ExecutorClient | None:
    if not settings.executor_url:
        return None
    check_separation(settings)
    return ExecutorClient(settings.executor_url, settings.executor_token.get_secret_value())


@cache
def current() -> Runtime:
    """Return the process's runtime, built at first use (never at import: the server forks)."""
    return _override or build()


_override: Runtime | None = None


def use(runtime: Runtime | None) -> None:
    """Make this the process's runtime, or forget it with None; for tests and embedding."""
    global _override  # noqa: PLW0603 - the one process-wide value there is
    _override = runtime
    current.cache_clear()
