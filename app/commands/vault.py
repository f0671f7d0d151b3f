"""The vault from the command line, where its key is: secrets come in by stdin and never go out."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.shared import as_system, table
from app.settings import Settings

if TYPE_CHECKING:
    from app.providers.kinds import Secret
    from app.services.context import Context
    from app.vault_keys import KeyHolder

cli = typer.Typer(no_args_is_help=True, help="Provider secrets, sealed.")

Provider = Annotated[str, typer.Argument(help="such as stripe")]
Name = Annotated[str, typer.Argument(help="such as secret_key")]


@cli.command()
def put(provider: Provider, name: Name) -> None:
    """Seal a secret read from stdin, in the place of an earlier one if there is one."""
    from app.services import vault

    _known(provider, name)
    holder = key_holder()
    if sys.stdin.isatty():
        value = typer.prompt(f"{provider} {name}", hide_input=True)
    else:
        value = sys.stdin.read()
    holder.make()
    version = as_system(lambda ctx: vault.put(ctx, holder, provider, name, value))
    typer.echo(f"{provider} {name} is in the vault, version {version}.")


@cli.command("list")
def list_entries() -> None:
    """Show what the vault holds, by name; it never shows a secret."""
    from app.services import vault

    rows = as_system(vault.entries)
    table(
        ["Provider", "Name", "Version", "Master key", "Put", "Replaced", "Last used"],
        [
            [
                one.provider,
                one.name,
                one.version,
                one.key_id,
                _day(one.created_at),
                _day(one.rotated_at),
                _day(one.last_used_at),
            ]
            for one in rows
        ],
    )


@cli.command()
def remove(provider: Provider, name: Name) -> None:
    """Forget a secret; what needs it stops at its next call."""
    from app.services import vault

    as_system(lambda ctx: vault.remove(ctx, provider, name))
    typer.echo(f"{provider} {name} is gone.")


@cli.command("rotate-master")
def rotate_master() -> None:
    """Seal everything under a new master key: a new one in the key file, or the first of those given.

    Running processes go on meanwhile: they read the keys again when they meet one they do not know.
    """
    from app.services import vault

    holder = key_holder()
    is_file = holder.add()
    moved = as_system(lambda ctx: vault.reseal(ctx, holder))
    typer.echo(f"{moved} secrets are sealed under the newest key.")
    where = f"all lines but the first of {holder.file}" if is_file else "the other keys"
    typer.echo(f"Once every process has been started anew, {where} can be removed.")


@cli.command("import-env")
def import_env(
    replace: Annotated[
        bool, typer.Option(help="Put them in the place of others the vault holds")
    ] = False,
) -> None:
    """Put the provider secrets of this environment into the vault, and say what to unset."""
    from app.providers.registry import secrets_in_environment
    from app.services import vault

    holder = key_holder()
    found = secrets_in_environment()
    if not found:
        typer.echo("The environment holds no provider's secret.")
        return
    holder.make()

    async def move(ctx: Context) -> list[str]:
        moved: list[str] = []
        for one in found:
            there = await vault.opened(ctx, holder, one.provider)
            if one.name not in there or (replace and there[one.name] != one.value.strip()):
                await vault.put(ctx, holder, one.provider, one.name, one.value)
                moved.append(f"{one.provider} {one.name}")
        return moved

    moved = as_system(move)
    typer.echo(f"Moved: {', '.join(moved)}." if moved else "Everything was in the vault already.")
    typer.echo(f"Now unset {', '.join(sorted({one.setting for one in found}))}.")


def key_holder() -> KeyHolder:
    """Return who holds the master key; ends the command where none is set."""
    from app.vault_keys import KeyHolder

    settings = Settings()  # pyright: ignore[reportCallIssue]
    if not settings.has_vault:
        typer.echo("Set VAULT_KEY_FILE, VAULT_KEY or VAULT_KEY_COMMAND first.", err=True)
        raise typer.Exit(2)
    return KeyHolder(settings)


def _known(provider: str, name: str) -> None:
    """Refuse names that nobody would ever ask for."""
    from app.providers.registry import payment_kinds

    secrets: dict[str, list[Secret]] = {one.slug: list(one.secrets) for one in payment_kinds()}
    if name in [one.name for one in secrets.get(provider, [])]:
        return
    known = [f"{slug} {one.name}" for slug, found in secrets.items() for one in found]
    typer.echo(f"There is no such secret. Known are: {', '.join(known)}.", err=True)
    raise typer.Exit(2)


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else "-"
