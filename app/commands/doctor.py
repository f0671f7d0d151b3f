"""Checks an installation and says what to do about whatever is wrong."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from app import build

if TYPE_CHECKING:
    from app.runtime import Runtime
    from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; ``advice`` is empty when it is well."""

    what: str
    found: str
    advice: str = ""


def doctor() -> None:
    """Check configuration, database, migrations, queue, mail and provider credentials."""
    from app import runtime

    findings = asyncio.run(examine(runtime.current()))
    for one in findings:
        typer.echo(f"{'!!' if one.advice else 'ok'}  {one.what:<14} {one.found}")
        if one.advice:
            typer.echo(f"    -> {one.advice}")
    if any(one.advice for one in findings):
        raise typer.Exit(1)


Check = Callable[["Runtime"], Awaitable[Finding]]


async def examine(process: Runtime) -> list[Finding]:
    """Return every finding; a broken thing never hides the next one."""
    checks: list[Check] = [_mode, _keys, _vault, _front_end, _actions, _database, _ledger, _queue]
    try:
        return [await check(process) for check in checks] + await _outside(process)
    finally:
        await process.close()


async def _mode(process: Runtime) -> Finding:
    settings = process.settings
    url = settings.public_url
    is_local = "//localhost" in url or "//127.0.0.1" in url
    if settings.is_sandbox:
        return Finding("mode", f"sandbox at {url}: payments are simulated")
    advice = "" if url.startswith("https://") or is_local else "Serve over https: set PUBLIC_URL."
    return Finding("mode", f"production at {url}", advice)


async def _keys(process: Runtime) -> Finding:
    folder = process.settings.data_dir / "keys"
    loose = [file.name for file in folder.iterdir() if stat.S_IMODE(file.stat().st_mode) & 0o077]
    advice = f"chmod 600 {' '.join(loose)} in {folder}." if loose else ""
    return Finding("keys", f"in {folder}, signing as {process.signer.kid}", advice)


async def _vault(process: Runtime) -> Finding:
    from sqlalchemy.exc import SQLAlchemyError

    from app.core.errors import UnavailableError
    from app.providers.registry import secrets_in_environment
    from app.services import vault

    settings = process.settings
    if settings.executor_url:
        return Finding("vault", f"with the executor at {settings.executor_url}")
    if process.desk is None:
        return Finding("vault", "none: provider secrets come from the environment")
    try:
        async with process.as_system(readonly=True) as ctx:
            held = await vault.entries(ctx)
            for provider in {one.provider for one in held}:
                await vault.opened(ctx, process.desk.keys, provider)
            await process.desk.keys.holding()
    except UnavailableError as error:
        return Finding("vault", error.message, "Check VAULT_KEY_FILE, VAULT_KEY or the command.")
    except SQLAlchemyError as error:
        return Finding("vault", f"cannot be read: {type(error).__name__}", "See database.")
    loose = sorted({one.setting for one in secrets_in_environment()})
    advice = ""
    if loose and not settings.is_sandbox:
        advice = f"Run python -m app vault import-env, then unset {', '.join(loose)}."
    return Finding("vault", f"opens, and holds {len(held)} secrets", advice)


async def _front_end(_: Runtime) -> Finding:
    if build.is_current():
        return Finding("front end", "built from these sources")
    return Finding("front end", "not built from these sources", "Run: python -m app build")


async def _actions(process: Runtime) -> Finding:
    from app.services.actions import ACTIONS

    wrong = forwards_problem(process.settings)
    if wrong:
        return Finding("actions", wrong, "Mend the file, or serve will not start.")
    return Finding("actions", f"{len(ACTIONS)} are offered to agents")


def forwards_problem(settings: Settings) -> str:
    """Say what is wrong with the file of forwarded actions, empty where nothing is."""
    from app import upstream
    from app.services import forwarding

    try:
        forwarding.install(upstream.load(settings.actions_file))
    except ValueError as error:
        return str(error)
    return ""


async def _database(process: Runtime) -> Finding:
    checks = await process.readiness()
    if checks["database"] != "ok":
        return Finding("database", checks["database"], "Check DATABASE_URL and that it is up.")
    if checks["migrations"] != "ok":
        return Finding("database", "behind the program", "Run: python -m app migrate")
    kind = "SQLite" if process.database.is_sqlite else "PostgreSQL"
    return Finding("database", f"{kind}, at the newest revision")


async def _ledger(process: Runtime) -> Finding:
    from sqlalchemy.exc import SQLAlchemyError

    from app.services import books

    try:
        async with process.as_system(quiet=True) as ctx:
            problems = (await books.check(ctx)).problems
    except SQLAlchemyError as error:
        return Finding("ledger", f"cannot be read: {type(error).__name__}", "See database.")
    if problems:
        return Finding("ledger", "; ".join(problems[:3]), "Stop billing and look at these entries.")
    return Finding("ledger", "every entry sums to zero")


async def _queue(process: Runtime) -> Finding:
    from sqlalchemy.exc import SQLAlchemyError

    from app.services import workers

    try:
        async with process.as_system(readonly=True) as ctx:
            alive = await workers.alive(ctx)
    except SQLAlchemyError as error:
        return Finding("queue", f"cannot be read: {type(error).__name__}", "See database.")
    if alive:
        return Finding("queue", f"worked by {', '.join(alive)}")
    return Finding("queue", "nobody works on it", "Start serve (with RUN_WORKER) or worker.")


async def _outside(process: Runtime) -> list[Finding]:
    """Return one finding for mail and one for each payment provider that is configured."""
    from app.providers import registry

    ours = process.providers if isinstance(process.providers, registry.Registry) else None
    tried = await registry.examine(process.settings.mail_from, ours)
    advice = {"mail": "Check SMTP_HOST, SMTP_PORT and SMTP_TLS, or RESEND_API_KEY."}
    findings = [
        Finding(
            name,
            wrong or "answers",
            advice.get(name, f"Check the {name.upper()}_ settings.") if wrong else "",
        )
        for name, wrong in tried.items()
    ]
    if tried.keys() == {"mail"}:
        nobody = "Set STRIPE_SECRET_KEY or ALIPAY_APP_ID."
        findings.append(Finding("providers", "none configured", nobody))
    return findings
