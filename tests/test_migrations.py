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
        if any(check.name == f"ck_{table.name}_one_owner" for check in table.constraints):
            row["tenant_id"] = None
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


def _dispute_before_its_table(connection: sa.Connection) -> None:
    """Leave what a dispute left before revision 0004: audit rows, an entry and a notification."""
    connection.execute(sa.text("DELETE FROM dispute"))
    payments = SQLModel.metadata.tables["payment"].c  # as they were then: without newer columns
    payment = connection.execute(
        sa.select(payments.id, payments.tenant_id, payments.provider)
    ).one()
    for number, (kind, facts) in enumerate(
        (
            ("payment.disputed", {"dispute": "du_1", "reason": "fraudulent"}),
            ("payment.dispute_closed", {"dispute": "du_1", "outcome": "lost"}),
            ("payment.disputed", {"dispute": "du_2", "reason": "duplicate"}),
            ("payment.disputed", {"dispute": "du_3", "reason": "was never booked"}),
        )
    ):
        connection.execute(
            SQLModel.metadata.tables["audit_event"]
            .insert()
            .values(
                id=new_id(),
                at=START + dt.timedelta(days=number),
                kind=kind,
                actor_kind="system",
                actor_id="system",
                tenant_id=payment.tenant_id,
                result="success",
                subject_kind="payment",
                subject_id=str(payment.id),
                ip="",
                request_id="",
                body=facts,
            )
        )
    entry = SQLModel.metadata.tables["ledger_entry"]
    posting = SQLModel.metadata.tables["ledger_posting"]
    account = connection.scalar(sa.select(SQLModel.metadata.tables["ledger_account"].c.id))
    for ref in ("du_1", "du_2"):
        entry_id = new_id()
        connection.execute(
            entry.insert().values(
                id=entry_id,
                business_key=f"dispute:{payment.provider}:{ref}:opened",
                kind="dispute_opened",
                memo="",
                occurred_at=START,
            )
        )
        for micros in (25_000_000, -25_000_000):
            connection.execute(
                posting.insert().values(
                    id=new_id(),
                    entry_id=entry_id,
                    account_id=account,
                    amount_micros=micros,
                    currency="USD",
                )
            )
    inbox = SQLModel.metadata.tables["inbox_event"]
    told = {"dispute_ref": "du_2", "respond_by": "2026-12-01T00:00:00+00:00"}
    connection.execute(inbox.update().values(kind="dispute.opened", facts=told))


def _disputes(connection: sa.Connection) -> list[tuple[Any, ...]]:
    table = SQLModel.metadata.tables["dispute"]
    columns = [
        "provider_ref",
        "status",
        "reason",
        "amount_micros",
        "opened_at",
        "closed_at",
        "respond_by",
    ]
    query = sa.select(*(table.c[name] for name in columns)).order_by(table.c.provider_ref)
    return [tuple(row) for row in connection.execute(query)]


def test_disputes_from_before_their_table_get_their_rows_once(url: str) -> None:
    command.downgrade(migrations.config(url), "0006")
    asyncio.run(_on(url, _dispute_before_its_table))
    days = [START + dt.timedelta(days=one) for one in range(3)]
    due = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    for _ in range(2):
        command.upgrade(migrations.config(url), "head")
        assert asyncio.run(_on(url, _disputes)) == [
            ("du_1", "lost", "fraudulent", 25_000_000, days[0], days[1], None),
            ("du_2", "open", "duplicate", 25_000_000, days[2], None, due),
        ]
        command.downgrade(migrations.config(url), "0006")


@pytest.mark.parametrize(
    ("status", "ref", "sent", "transfers"),
    [
        ("paid", "tr_1", 30, [("tr_1", 30, 0)]),
        ("sent", "tr_1", 30, [("tr_1", 30, 0)]),
        ("failed", "tr_1", 0, [("tr_1", 30, 30)]),
        ("paid", None, 30, [(None, 30, 0)]),
        ("failed", None, 0, []),
        ("pending", None, 0, []),
    ],
)
def test_payouts_sent_before_sendings_were_kept_get_theirs(
    url: str, status: str, ref: str | None, sent: int, transfers: list[tuple[Any, ...]]
) -> None:
    command.downgrade(migrations.config(url), "0004")
    before = "UPDATE payout SET status = :status, provider_ref = :ref, amount_micros = 30"

    def look(connection: sa.Connection) -> tuple[int, list[tuple[Any, ...]]]:
        rows = connection.execute(
            sa.text("SELECT provider_ref, amount_micros, returned_micros FROM payout_transfer")
        )
        total = connection.scalar(sa.text("SELECT sent_micros FROM payout"))
        return int(total or 0), [tuple(row) for row in rows]

    values = {"status": status, "ref": ref}
    asyncio.run(_on(url, lambda connection: connection.execute(sa.text(before), values)))
    command.upgrade(migrations.config(url), "head")
    assert asyncio.run(_on(url, look)) == (sent, transfers)
