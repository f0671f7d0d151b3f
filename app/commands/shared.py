"""How a command does one use case: as the system, in a unit of work and a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from app.core.errors import DomainError, InvalidInputError

if TYPE_CHECKING:  # a command imports what it needs when it runs: serving begins sooner
    from app.services.context import Context

T = TypeVar("T")


def as_system(use_case: Callable[[Context], Awaitable[T]]) -> T:
    """Run one use case as the system; a refusal is said and ends the command with 1."""
    from sqlalchemy.exc import SQLAlchemyError

    from app import runtime

    async def once() -> T:
        process = runtime.current()
        await process.refresh_clock()
        try:
            async with process.as_system() as ctx:
                return await use_case(ctx)
        finally:
            await process.close()

    try:
        return asyncio.run(once())
    except SQLAlchemyError as error:
        typer.echo(
            f"The database cannot be used ({type(error).__name__}). To see why: python -m app doctor",
            err=True,
        )
        raise typer.Exit(1) from error
    except DomainError as refusal:
        typer.echo(refusal.message, err=True)
        if isinstance(refusal, InvalidInputError):
            for path, problem in refusal.fields:
                typer.echo(f"  {path}: {problem}", err=True)
        raise typer.Exit(1) from refusal


def table(heads: list[str], rows: list[list[Any]]) -> None:
    """Print rows in columns as wide as they must be."""
    texts = [heads, *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[index]) for row in texts) for index in range(len(heads))]
    for row in texts:
        typer.echo(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
