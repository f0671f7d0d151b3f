"""Signing keys and platform tokens."""

from __future__ import annotations

import typer

from app.commands.shared import as_system
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
