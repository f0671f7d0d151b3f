"""Column types and names shared by all tables."""

import datetime as dt
import re
from enum import StrEnum
from typing import Any

from sqlalchemy import DateTime, Dialect, MetaData, String, TypeDecorator
from sqlalchemy.orm import declared_attr
from sqlmodel import SQLModel

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING  # type: ignore[assignment]
metadata: MetaData = SQLModel.metadata


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An aware UTC instant; naive values are refused, and both databases hand aware ones back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """Refuse naive values and store UTC (SQLite keeps it without the zone)."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(
        self,
        value: dt.datetime | None,
        dialect: Dialect,  # noqa: ARG002
    ) -> dt.datetime | None:
        """Return an aware instant in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class TextEnum(TypeDecorator[StrEnum]):
    """A ``StrEnum`` stored as its text, so that a new member needs no change of the table."""

    impl = String(32)
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(  # the interface hands the dialect over, text needs none
        self,
        value: StrEnum | str | None,
        dialect: Dialect,  # noqa: ARG002
    ) -> str | None:
        """Accept members and their texts, nothing else."""
        return None if value is None else self.kind(value).value

    def process_result_value(
        self,
        value: str | None,
        dialect: Dialect,  # noqa: ARG002
    ) -> StrEnum | None:
        """Return the member."""
        return None if value is None else self.kind(value)

    def __repr__(self) -> str:
        """Read as plain text in migrations."""
        return "sa.String(length=32)"


def text_enum(kind: type[StrEnum]) -> Any:
    """Return the column type of an enum stored as text."""
    return TextEnum(kind)


class Table(SQLModel):
    """The base of every table, which is named after its class in snake case."""

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805  # pyright: ignore[reportIncompatibleVariableOverride]
        """Return e.g. ``device_day`` for ``DeviceDay``."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
