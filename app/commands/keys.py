"""Signing keys and platform tokens."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from app.commands.shared import as_system, table
from app.commands.vault import key_holder
from app.settings import Settings

cli = typer.Typer(no_args_is_help=True, help="Signing keys and platform tokens.")


@cli.command()
def rotate() -> None:
    """Make the next receipt-signing key; it signs from the next start on, old receipts verify."""
    from app.keys import rotate_signer

    settings = Settings()  # pyright: ignore[reportCallIssue]
    path = rotate_signer(settings.data_dir / "keys")
    typer.echo(f"{path.name} was made. Restart to sign with it.")


@cli.command("kernel-token")
def kernel_token(label: str = "kernel") -> None:
    """Issue a token by which a product runtime of its own reaches the control plane; printed once."""
    from app.services import credentials

    issued = as_system(lambda ctx: credentials.issue_kernel_token(ctx, label))
    typer.echo(issued.secret)


@cli.command("platform-token")
def platform_token(label: str = "platform") -> None:
    """Issue a token that sends events; it is printed once."""
    from app.services import credentials

    issued = as_system(lambda ctx: credentials.issue_platform_token(ctx, label))
    typer.echo(issued.secret)


@cli.command("executor-token")
def executor_token(
    label: str = "executor",
    tenant: Annotated[
        list[UUID] | None, typer.Option(help="Only for this tenant; may be given several times")
    ] = None,
) -> None:
    """Issue a key by which a process has the executor act; printed once. It needs the vault's key."""
    from app.services import service_keys

    holder = key_holder()
    holder.make()
    typer.echo(as_system(lambda ctx: service_keys.issue(ctx, holder, label, tenant or [])))


@cli.command("executor-tokens")
def executor_tokens() -> None:
    """Show the executor's keys by their first characters."""
    from app.services import service_keys

    rows = as_system(service_keys.issued)
    table(
        ["Key", "Label", "Tenants", "Last used", "Ended"],
        [
            [
                f"{one.prefix}...",
                one.label,
                ", ".join(one.tenant_ids) or "all",
                one.last_used_at or "-",
                one.revoked_at or "-",
            ]
            for one in rows
        ],
    )


@cli.command("revoke-executor-token")
def revoke_executor_token(
    prefix: Annotated[str, typer.Argument(help="its first characters, as the list shows them")],
) -> None:
    """End a key of the executor at once."""
    from app.services import service_keys

    ended = as_system(lambda ctx: service_keys.revoke(ctx, prefix.removesuffix("...")))
    typer.echo(f"{ended} ended.")
