"""The engine for either database, set up so that money is safe on both."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import psycopg
from sqlalchemy import Connection, event, make_url
from sqlalchemy.engine import Engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

BUSY_SECONDS = 15
PING_AFTER_SECONDS = 1.0
"""A connection that lay idle longer is asked whether it still lives; a busy one has no need."""


class Database:
    """Hands out sessions; on SQLite a writing one takes the write lock when it begins."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self.engine: AsyncEngine = (
            _sqlite_engine(url) if self.is_sqlite else _postgresql_engine(url, pool_size)
        )
        self.express: Express | None = None if self.is_sqlite else Express(url, pool_size)
        reading = self.engine.execution_options(readonly=True)
        self._writing = async_sessionmaker(self.engine, expire_on_commit=False)
        self._reading = async_sessionmaker(reading, expire_on_commit=False)

    def session(self, *, readonly: bool = False) -> AsyncSession:
        """Return a new session; a read-only one never waits for writers."""
        return self._reading() if readonly else self._writing()

    async def close(self) -> None:
        """Give back every connection."""
        if self.express is not None:
            await self.express.close()
        await self.engine.dispose()


class Express:
    """Runs single PostgreSQL statements, each a transaction of its own and prepared once.

    A session pays four round trips for one statement and the mapping of its rows; the few hot
    paths of the product have no use for either.
    """

    def __init__(self, url: str, size: int) -> None:
        plain = make_url(url).set(drivername="postgresql")
        self._conninfo = plain.render_as_string(hide_password=False)
        self._idle: list[tuple[psycopg.AsyncConnection, float]] = []
        self._free = asyncio.Semaphore(size)

    async def run(self, statement: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Return the rows; what the statement wrote is durable by then. Raises ``psycopg.Error``."""
        async with self._free:
            connection = await self._take()
            try:
                # psycopg wants literals; every statement here is a constant of the program.
                cursor = await connection.execute(statement, params, prepare=True)  # type: ignore[call-overload]
                rows = await cursor.fetchall() if cursor.description else []
            except psycopg.Error:
                await self._give_back(connection)
                raise
            except BaseException:  # cut off half-way: nobody knows what it still waits for
                await connection.close()
                raise
            await self._give_back(connection)
            return rows

    async def close(self) -> None:
        """Give back every connection."""
        while self._idle:
            await self._idle.pop()[0].close()

    async def _take(self) -> psycopg.AsyncConnection:
        while self._idle:
            connection, since = self._idle.pop()
            if time.monotonic() - since < PING_AFTER_SECONDS:
                return connection
            try:
                await connection.execute("SELECT 1")
            except psycopg.Error:
                await connection.close()
            else:
                return connection
        return await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True)

    async def _give_back(self, connection: psycopg.AsyncConnection) -> None:
        if connection.closed:
            await connection.close()
        else:
            self._idle.append((connection, time.monotonic()))


def _postgresql_engine(url: str, pool_size: int) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=pool_size, max_overflow=pool_size)
    sync: Engine = engine.sync_engine

    @event.listens_for(sync, "checkin")
    def _checkin(_: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        entry.info["idle_since"] = time.monotonic()

    @event.listens_for(sync, "checkout")
    def _checkout(
        connection: DBAPIConnection, entry: ConnectionPoolEntry, _: PoolProxiedConnection
    ) -> None:
        # Asking before every use would cost a round trip each time, as the pool's own ping does.
        since = entry.info.get("idle_since")
        if since is None or time.monotonic() - since < PING_AFTER_SECONDS:
            return
        try:
            sync.dialect.do_ping(connection)
        except sync.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error

    return engine


def _sqlite_engine(url: str) -> AsyncEngine:
    engine = create_async_engine(
        url, connect_args={"timeout": BUSY_SECONDS}, pool_size=10, max_overflow=20
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver must not begin on its own  # pyright: ignore
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_SECONDS * 1000}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that reads first and writes later would lose the race for the lock half-way.
        options: dict[str, Any] = dict(connection.get_execution_options())
        connection.exec_driver_sql("BEGIN" if options.get("readonly") else "BEGIN IMMEDIATE")

    return engine
