"""Operations staff: the first administrator is made here, the others in the browser."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from app.commands.shared import as_system, table
from app.rules.roles import Role

cli = typer.Typer(no_args_is_help=True, help="Operations staff.")


@cli.command()
def create(
    email: str,
    role: Annotated[
        Role, typer.Option(help="ops_viewer, ops_operator or ops_admin")
    ] = Role.OPS_ADMIN,
    password_env: Annotated[
        str, typer.Option(help="Name of an environment variable that holds the password")
    ] = "",
) -> None:
    """Add a member of operations; without a given password a random one is printed once."""
    from app.services import people

    password = os.environ.get(password_env) if password_env else None
    if password_env and not password:
        typer.echo(f"{password_env} is empty.", err=True)
        raise typer.Exit(2)
    made = as_system(lambda ctx: people.create_ops(ctx, email, role, password=password))
    typer.echo(f"{made.email} may sign in as {role.value}.")
    if password is None:
        typer.echo(f"Password, shown once: {made.password}")


@cli.command("list")
def list_staff() -> None:
    """Show who works in operations."""
    from app.services import people

    rows = as_system(people.list_ops)
    table(
        ["Address", "Role", "Disabled"],
        [[row.email, row.role.value, row.disabled_at or ""] for row in rows],
    )
