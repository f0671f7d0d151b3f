"""The command line: everything an operator does without a browser."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import typer

from app import build, logs
from app.commands import billing, keys, staff, vault
from app.commands.doctor import doctor, forwards_problem
from app.core.errors import DomainError
from app.settings import Settings

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="Turnpike: board, meter, bill.",
)
cli.add_typer(staff.cli, name="ops")
cli.add_typer(billing.cli, name="billing")
cli.add_typer(keys.cli, name="keys")
cli.add_typer(vault.cli, name="vault")
cli.command()(doctor)


@cli.callback()
def _setup() -> None:
    settings = Settings()  # pyright: ignore[reportCallIssue]
    logs.configure(as_json=settings.log_json, level=settings.log_level)


@cli.command()
def migrate(revision: str = "head") -> None:
    """Bring the database up to the newest revision."""
    from app import migrations

    settings = Settings()  # pyright: ignore[reportCallIssue]
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    asyncio.run(migrations.upgrade(settings.db_url, revision))
    typer.echo("The database is up to date.")


@cli.command("build")
def build_front_end() -> None:
    """Build the front end, if its sources changed; it works at any public address."""
    built = build.ensure()
    typer.echo("The front end was built." if built else "The front end is current.")


@cli.command()
def demo(
    port: int = 3000,
    sandbox_port: int = 4010,
    smtp_port: int = 4025,
    folder: Path = Path("data"),
) -> None:
    """Run the product with a simulated outside world and a little history."""
    from app.demo.launch import run

    raise typer.Exit(
        run(folder, f"http://localhost:{port}", f"http://localhost:{sandbox_port}", smtp_port)
    )


@cli.command("demo-clock", hidden=True)
def demo_clock() -> None:
    """Let the demo's clock begin in the past."""
    from app import runtime
    from app.demo.seed import turn_back

    try:
        asyncio.run(turn_back(runtime.current()))
    except DomainError as refusal:
        typer.echo(refusal.message, err=True)
        raise typer.Exit(1) from refusal


@cli.command("demo-seed", hidden=True)
def demo_seed() -> None:
    """Give a running demo its history."""
    from app import runtime
    from app.demo.seed import Seeder
    from app.demo.world import make

    process = runtime.current()
    settings = process.settings
    world = make(settings.data_dir, settings.public_url, settings.sandbox_url, 0)
    asyncio.run(Seeder(process, world).seed())


@cli.command()
def serve() -> None:
    """Serve the UI and the API; with RUN_WORKER (the default) the jobs as well."""
    settings = Settings()  # pyright: ignore[reportCallIssue]
    _keep_apart(settings)
    if wrong := forwards_problem(settings):
        typer.echo(wrong, err=True)
        raise typer.Exit(2)
    if not build.is_current():
        typer.echo("The front end is not built, or its sources changed: run build first.", err=True)
        raise typer.Exit(2)
    os.environ.update(build.SERVING)
    os.environ["REFLEX_API_URL"] = settings.public_url.rstrip("/")
    _become(settings, settings.port, settings.web_workers, "--ws", "app.app:app")


@cli.command()
def executor() -> None:
    """Serve only the executor, which alone holds the vault's key and the providers' secrets."""
    from app.vault_keys import KeyHolder

    settings = Settings()  # pyright: ignore[reportCallIssue]
    if settings.executor_url or not settings.has_vault:
        what = "EXECUTOR_URL must not be set" if settings.executor_url else "set VAULT_KEY_FILE"
        typer.echo(f"The executor holds the vault's key itself: {what}.", err=True)
        raise typer.Exit(2)
    try:
        KeyHolder(settings).read()
    except DomainError as refusal:
        typer.echo(refusal.message, err=True)
        raise typer.Exit(2) from refusal
    _become(settings, settings.executor_port, 1, "--no-ws", "app.executor:create")


def _become(settings: Settings, port: int, workers: int, *application: str) -> None:
    granian = [
        sys.executable, "-m", "granian", "--interface", "asgi", "--factory",
        "--host", settings.host, "--port", str(port),
        "--workers", str(workers), "--respawn-failed-workers",
        "--workers-kill-timeout", "30",
        "--log-level", settings.log_level.lower(), *application,
    ]  # fmt: skip
    os.execv(sys.executable, granian)  # noqa: S606 - replaces this process, so signals reach it


@cli.command()
def worker() -> None:
    """Run only the jobs, until SIGTERM; running steps are finished."""
    _keep_apart(Settings())  # pyright: ignore[reportCallIssue]
    asyncio.run(_work())


def _keep_apart(settings: Settings) -> None:
    """Refuse to start with what only the executor may hold."""
    from app import runtime

    try:
        runtime.check_separation(settings)
    except DomainError as refusal:
        typer.echo(refusal.message, err=True)
        raise typer.Exit(2) from refusal


async def _work() -> None:
    from app import runtime
    from app.lifespan import working

    process = runtime.current()
    await process.refresh_clock()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with working(process, True) as running:
        if running is None:
            typer.echo(
                f"Another process runs a worker named {process.settings.worker_id}: "
                "set WORKER_ID to a name of its own.",
                err=True,
            )
            raise typer.Exit(2)
        await stop.wait()
    await process.close()


if __name__ == "__main__":
    cli()
