"""Alembic from inside the program: upgrade at start, and whether it is up to date."""

from __future__ import annotations

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

ROOT = Path(__file__).resolve().parent.parent


def config(url: str) -> Config:
    """Return alembic's configuration for a database."""
    found = Config(ROOT / "alembic.ini")
    found.attributes["url"] = url
    return found


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring a database up to a revision; processes that start together wait for each other."""
    await asyncio.to_thread(command.upgrade, config(url), revision)


async def is_current(connection: AsyncConnection) -> bool:
    """Tell whether the database stands at the newest revision."""
    heads = set(ScriptDirectory.from_config(config("")).get_heads())

    def stands(sync: Connection) -> set[str]:
        return set(MigrationContext.configure(sync).get_current_heads())

    return await connection.run_sync(stands) == heads
