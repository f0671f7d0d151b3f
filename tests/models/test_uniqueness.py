"""A unique index over a column that may be empty stops no duplicate where it is: each is meant so."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import SQLModel

import models  # noqa: F401 - registers every table

MEANT = {
    # A draft has no number yet, and a void or imported one none at its provider.
    ("invoice", ("issuer", "number")),
    ("invoice", ("provider_ref",)),
    ("invoice", ("pay_token_hash",)),
    # A payout without a sending has no number or id at its provider.
    ("payout", ("number",)),
    ("payout", ("provider_ref",)),
    ("payout_transfer", ("provider", "provider_ref")),
    # It is asked for before the provider names it.
    ("runtime_invoice", ("provider_ref",)),
}


def test_a_unique_index_over_a_nullable_column_is_one_that_is_meant_so() -> None:
    found = set[tuple[str, tuple[str, ...]]]()
    for table in SQLModel.metadata.sorted_tables:
        keys: list[tuple[sa.Column[object], ...]] = [
            tuple(one.columns) for one in table.constraints if isinstance(one, sa.UniqueConstraint)
        ]
        for index in table.indexes:
            where = str(index.dialect_options["sqlite"].get("where"))
            # A partial index over the rows that are meant is exact about its own columns.
            keys += [tuple(index.columns)] if index.unique and "status" not in where else []
        found |= {
            (table.name, tuple(column.name for column in key))
            for key in keys
            if any(column.nullable for column in key)
        }
    assert found == MEANT
