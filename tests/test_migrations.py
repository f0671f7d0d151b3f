"""Migrations on both databases: they make what the models say, and a filled database survives them."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

import models  # noqa: F401 - registers every table
from app import migrations
from app.core.ids import new_id
from app.database import Database
from models.base import TextEnum
from tests.conftest import START, _clone

TABLES = SQLModel.metadata.sorted_tables
REVISIONS = [
    one.revision for one in ScriptDirectory.from_config(migrations.config("")).walk_revisions()
]
OBJECTS = {
    "sqlite": "SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'",
    "postgresql": "SELECT 'trigger', tgname FROM pg_trigger WHERE NOT tgisinternal"
    " UNION SELECT 'index', indexname FROM pg_indexes WHERE schemaname = 'public'",
}


@pytest.fixture
def url(template: str, tmp_path: Path) -> Generator[str]:
    """A migrated database of the test's own, with a row in every table."""
    url, remove = _clone(template, tmp_path)
    asyncio.run(_on(url, _fill))
    yield url
    remove()


async def _on(url: str, work: Callable[[sa.Connection], Any]) -> Any:
    database = Database(url)
    try:
        async with database.engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await database.close()


def _fill(connection: sa.Connection) -> None:
    """Put a row into every table, each pointing at the rows before it."""
    made: dict[str, dict[str, Any]] = {}
    for table in TABLES:
        row = made[table.name] = {column.name: _value(column, made) for column in table.columns}
        connection.execute(table.insert().values(row))
        if table.name == "ledger_posting":
            back = {"id": new_id(), "amount_micros": -row["amount_micros"]}
            connection.execute(table.insert().values({**row, **back}))


def _value(column: sa.Column[Any], made: dict[str, dict[str, Any]]) -> Any:
    for key in column.foreign_keys:
        pointed_at = key.column
        row = made.get(pointed_at.table.name)
        return row[pointed_at.name] if row else None
    kind = column.type
    if isinstance(kind, TextEnum):
        return next(iter(kind.kind))
    return {
        "String": "USD" if column.name == "currency" else "x",
        "AutoString": "USD" if column.name == "currency" else "x",
        "UtcDateTime": START,
        "Uuid": new_id(),
        "GUID": new_id(),
        "Date": START.date(),
        "Boolean": True,
        "JSON": {},
        "LargeBinary": b"x",
        "Numeric": 1,
        "Interval": dt.timedelta(1),
    }.get(type(kind).__name__, 1)


def _counts(connection: sa.Connection) -> dict[str, int]:
    there = set(sa.inspect(connection).get_table_names())
    return {
        table.name: connection.scalar(sa.text(f"SELECT count(*) FROM {table.name}"))
        for table in TABLES
        if table.name in there
    }


def _objects(connection: sa.Connection) -> set[tuple[str, str]]:
    return {
        (kind, name) for kind, name in connection.execute(sa.text(OBJECTS[connection.dialect.name]))
    }


def test_the_migrations_make_what_the_models_say(url: str) -> None:
    command.check(migrations.config(url))


@pytest.mark.parametrize("revision", REVISIONS[1:])
def test_a_filled_database_goes_back_to_any_revision_and_forward_again(
    url: str, revision: str
) -> None:
    objects = asyncio.run(_on(url, _objects))
    whole = asyncio.run(_on(url, _counts))
    assert min(whole.values()) >= 1
    command.downgrade(migrations.config(url), revision)
    before = asyncio.run(_on(url, _counts))
    assert before == {name: whole[name] for name in before}
    command.upgrade(migrations.config(url), "head")
    after = asyncio.run(_on(url, _counts))
    assert {name: after[name] for name in before} == before
    assert asyncio.run(_on(url, _objects)) == objects
    command.check(migrations.config(url))


def test_a_database_can_be_emptied_and_made_anew(url: str) -> None:
    command.downgrade(migrations.config(url), "base")
    assert asyncio.run(_on(url, _counts)) == {}
    command.upgrade(migrations.config(url), "head")
    command.check(migrations.config(url))
