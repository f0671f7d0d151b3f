"""What every test stands on: a migrated database of each kind, a runtime with fakes, a clock."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import uuid
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
from alembic import command
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from app import migrations
from app import runtime as runtime_module
from app.core.clock import FixedClock
from app.core.jws import Signer
from app.core.keyring import Keyring
from app.database import Database, Express
from app.documents.press import Press
from app.keys import load_signer
from app.limiting import WindowLimiter, build_limiter
from app.runtime import Runtime
from app.services.context import SYSTEM, Context
from app.settings import Settings
from tests.fakes import CountingHasher, FakeMailer, FakeProviders

START = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")


def _has_postgres() -> bool:
    try:
        psycopg.connect(POSTGRES, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def require_or_skip(there: bool, what: str) -> None:
    """On CI a missing service is a failure; on a user's machine a reported skip."""
    if there:
        return
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing")
    pytest.skip(f"{what} is not running on this machine")


def postgres_url(name: str) -> str:
    return "postgresql+psycopg" + POSTGRES.removeprefix("postgresql").rsplit("/", 1)[0] + f"/{name}"


def admin_execute(statement: str) -> None:
    with psycopg.connect(POSTGRES, autocommit=True) as admin:
        admin.execute(statement)  # type: ignore[call-overload]


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Each test that touches a database runs on both."""
    return request.param


@pytest.fixture(scope="session")
def template(dialect: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """A migrated, empty database that tests clone; nobody stays connected to it."""
    if dialect == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('db') / 'template.db'}"
        command.upgrade(migrations.config(url), "head")
        yield url
        return
    require_or_skip(_has_postgres(), "PostgreSQL")
    name = f"turnpike_test_{uuid.uuid4().hex[:12]}"
    admin_execute(f"CREATE DATABASE {name}")
    url = postgres_url(name)
    command.upgrade(migrations.config(url), "head")
    yield url
    admin_execute(f"DROP DATABASE {name} WITH (FORCE)")


class OneConnection(Database):
    """A database seen through one connection whose outer transaction is rolled back."""

    connection: AsyncConnection | None = None

    def __init__(self, url: str) -> None:
        super().__init__(url)
        if self.express is not None:
            self.express = cast("Express", self)

    async def run(self, statement: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Stand in for the express lane: the same statements, rolled back like all the rest."""
        assert self.connection is not None
        raw = (await self.connection.get_raw_connection()).driver_connection
        async with raw.transaction():  # type: ignore[union-attr]
            cursor = await raw.execute(statement, params)  # type: ignore[union-attr]
            return await cursor.fetchall() if cursor.description else []

    async def close(self) -> None:
        await self.engine.dispose()

    def session(self, *, readonly: bool = False) -> AsyncSession:
        return AsyncSession(
            self.connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        )


def _clone(template: str, folder: Path) -> tuple[str, Callable[[], None]]:
    """Copy the template; returns the copy's URL and what removes it."""
    if template.startswith("sqlite"):
        path = folder / f"{uuid.uuid4().hex[:8]}.db"
        shutil.copy(template.removeprefix("sqlite+aiosqlite:///"), path)
        return f"sqlite+aiosqlite:///{path}", lambda: None
    name = f"turnpike_test_{uuid.uuid4().hex[:12]}"
    admin_execute(f"CREATE DATABASE {name} TEMPLATE {template.rsplit('/', 1)[1]}")
    return postgres_url(name), lambda: admin_execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
async def one_connection(
    template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[OneConnection]:
    url, remove = _clone(template, tmp_path_factory.mktemp("shared"))
    database = OneConnection(url)
    yield database
    await database.close()
    remove()


@pytest.fixture
async def database(one_connection: OneConnection) -> AsyncGenerator[OneConnection]:
    """The shared database inside a transaction that never commits."""
    async with one_connection.engine.connect() as connection:
        outer = await connection.begin()
        one_connection.connection = connection
        yield one_connection
        await outer.rollback()


@pytest.fixture
async def own_database(template: str, tmp_path: Path) -> AsyncGenerator[Database]:
    """A database of the test's own, with real commits: for races, kills and triggers."""
    url, remove = _clone(template, tmp_path)
    database = Database(url)
    yield database
    await database.close()
    remove()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate(
        {
            "TURNPIKE_MODE": "sandbox",
            "DATA_DIR": tmp_path,
            "PUBLIC_URL": "http://portal.test",
            "RUN_WORKER": False,
            "LIMIT_SIGN_IN": "1000/minute",
            "LIMIT_SIGN_UP": "1000/minute",
            "LIMIT_MAIL": "1000/minute",
        }
    )


@pytest.fixture(scope="session")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return load_signer(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def keyring() -> Keyring:
    return Keyring(bytes(range(32)))


@pytest.fixture
def limiter(settings: Settings) -> WindowLimiter:
    return build_limiter(settings)


@pytest.fixture
def hasher() -> CountingHasher:
    return CountingHasher()


@pytest.fixture
def providers() -> FakeProviders:
    return FakeProviders()


@pytest.fixture
def mailer() -> FakeMailer:
    return FakeMailer()


@pytest.fixture
def make_runtime(
    settings: Settings,
    clock: FixedClock,
    keyring: Keyring,
    signer: Signer,
    limiter: WindowLimiter,
    hasher: CountingHasher,
    providers: FakeProviders,
    mailer: FakeMailer,
) -> Generator[Callable[[Database], Runtime]]:
    """Builds a runtime with fakes over a database, and makes it the process's."""

    def make(database: Database) -> Runtime:
        runtime = Runtime(
            settings=settings,
            database=database,
            clock=clock,
            keyring=keyring,
            signer=signer,
            limiter=limiter,
            hasher=hasher,
            documents=Press(),
            providers=providers,
            mailer=mailer,
        )
        runtime_module.use(runtime)
        return runtime

    yield make
    runtime_module.use(None)


@pytest.fixture
def run(make_runtime: Callable[[Database], Runtime], database: OneConnection) -> Runtime:
    """The runtime most tests use: everything is rolled back afterwards."""
    return make_runtime(database)


@pytest.fixture
def own_run(make_runtime: Callable[[Database], Runtime], own_database: Database) -> Runtime:
    """A runtime whose commits are real: for races, kills and triggers."""
    return make_runtime(own_database)


@pytest.fixture
async def ctx(run: Runtime) -> AsyncGenerator[Context]:
    """A unit of work as the system; ``tests.factories`` turns it into other actors'."""
    async with run.context(SYSTEM) as context:
        yield context
