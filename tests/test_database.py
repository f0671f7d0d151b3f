"""The database layer: pooled connections survive a restart, the express lane is durable at once."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from sqlalchemy import text

from app.database import PING_AFTER_SECONDS, Database
from tests.conftest import admin_execute


def _hang_up(database: Database) -> None:
    """What a restart of the server does to every open connection."""
    name = database.url.rsplit("/", 1)[1]
    admin_execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    )


async def test_connections_that_died_while_idle_are_replaced(
    own_database: Database, dialect: str
) -> None:
    if dialect == "sqlite":
        assert own_database.express is None
        return
    assert own_database.express is not None
    async with own_database.session() as db:
        await db.execute(text("SELECT 1"))
    await own_database.express.run("SELECT 1", ())
    _hang_up(own_database)
    await asyncio.sleep(PING_AFTER_SECONDS)
    async with own_database.session() as db:
        assert await db.scalar(text("SELECT 2")) == 2
    assert await own_database.express.run("SELECT %s::int", (3,)) == [(3,)]


async def test_an_express_statement_is_durable_and_a_failed_one_leaves_nothing(
    own_database: Database, dialect: str
) -> None:
    if own_database.express is None:
        assert dialect == "sqlite"
        return
    insert = "INSERT INTO usage_fold (stream, position) SELECT a, %s FROM unnest(%s::text[]) u(a)"
    await own_database.express.run(insert, (1, ["a"]))
    with pytest.raises(psycopg.errors.UniqueViolation):
        await own_database.express.run(insert, (2, ["b", "a"]))
    async with own_database.session() as db:
        rows = await db.execute(text("SELECT stream, position FROM usage_fold"))
        assert [tuple(row) for row in rows] == [("a", 1)]


async def test_a_cancelled_express_statement_spoils_no_later_one(own_database: Database) -> None:
    if own_database.express is None:
        assert own_database.is_sqlite
        return
    slow = asyncio.ensure_future(own_database.express.run("SELECT pg_sleep(30)", ()))
    await asyncio.sleep(0.2)
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow
    assert await own_database.express.run("SELECT %s::int", (7,)) == [(7,)]
