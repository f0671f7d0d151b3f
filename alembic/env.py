"""Runs migrations on either database, one process at a time."""

import asyncio
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, text
from sqlmodel import SQLModel

import models  # noqa: F401 - registers every table
from app.database import Database
from app.settings import Settings

LOCK = 0x7475726E  # two processes that migrate at once wait for each other


def _ours(item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Leave tables alone that no model of ours describes: the workflow engine's."""
    return not (kind == "table" and reflected and compare_to is None)


def _render(kind: str, item: Any, autogen: Any) -> str | Literal[False]:
    """Write our column types as the plain ones they are, so that old revisions never import code."""
    if kind != "type":
        return False
    match type(item).__name__:
        case "UtcDateTime":
            return "sa.DateTime(timezone=True)"
        case "TextEnum":
            return "sa.String(length=32)"
        case "AutoString":
            return f"sa.String(length={item.length})" if item.length else "sa.String()"
        case _:
            return False


def _run(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        compare_type=True,
        render_as_batch=connection.dialect.name == "sqlite",
        include_object=_ours,
        render_item=_render,
    )
    with context.begin_transaction():
        context.run_migrations()
    if connection.dialect.name == "sqlite":
        lost = connection.execute(text("PRAGMA foreign_key_check")).all()
        if lost:
            raise RuntimeError(f"Rows point at nothing, so nothing was changed: {lost[:5]}")


async def _main() -> None:
    url = context.config.attributes.get("url") or Settings().db_url
    database = Database(url)
    async with database.engine.connect() as connection:
        if database.is_sqlite:
            # A changed table is copied, dropped and renamed there, while others point at it. The
            # switch does nothing inside a transaction, so it is thrown before one begins.
            raw = await connection.get_raw_connection()
            await raw.driver_connection.execute("PRAGMA foreign_keys=OFF")
        async with connection.begin():
            await connection.run_sync(_run)
    await database.close()


asyncio.run(_main())
