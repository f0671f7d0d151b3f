"""Monthly runs from the command line: begin one, watch one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.shared import as_system, table

if TYPE_CHECKING:
    from app.services.billing_runs import Progress

cli = typer.Typer(no_args_is_help=True, help="Monthly runs.")


Month = Annotated[str, typer.Argument(help="YYYY-MM")]


@cli.command()
def run(
    month: Annotated[str, typer.Argument(help="YYYY-MM")] = "",
    period: Annotated[str, typer.Option(help="The same, by its name")] = "",
    wait: bool = True,
) -> None:
    """Bill a month that is over, or what is missing of it; the running worker does the work."""
    if bool(month) == bool(period):
        raise typer.BadParameter("Say which month: billing run 2026-11")
    period = month or period
    from app.services import billing_runs

    begun = as_system(lambda ctx: billing_runs.start_run(ctx, period))
    typer.echo(f"{begun} tenants begin; those done before are left alone.")
    while wait:
        now = as_system(lambda ctx: billing_runs.progress(ctx, period))
        typer.echo(_line(now))
        if now.finished_at is not None:
            break
        time.sleep(1)
    if wait:
        status(period)


@cli.command()
def status(period: Month) -> None:
    """Show how far a month came, and what failed."""
    from app.services import billing_runs

    now = as_system(lambda ctx: billing_runs.progress(ctx, period))
    typer.echo(_line(now))
    if now.failed:
        table(
            ["Tenant", "After step", "Tries", "Next try", "Error"],
            [
                [
                    one.name or one.tenant_id,
                    one.step or "-",
                    one.attempts,
                    one.retry_at or "-",
                    one.error,
                ]
                for one in now.failed
            ],
        )


def _line(now: Progress) -> str:
    counts = ", ".join(
        f"{number} {status.value}" for status, number in now.counts.items() if number
    )
    claimed = " + ".join(str(money) for money in now.claimed) or "nothing"
    return f"{now.period}: {counts or 'no tenants'}; {now.invoices} invoices over {claimed}"
