"""A product of the tests' own: real processes, real sockets, a database of either kind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from app import runtime
from app.demo.seed import ORIGIN, Line, Seeder
from app.demo.world import World, make
from app.services import payout_accounts, sessions
from app.settings import Settings
from models.payment import PayoutAccount
from models.tenant import Rail

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 240


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Process:
    """One process in a group of its own, so that everything it started ends with it."""

    arguments: list[str]
    environment: dict[str, str]
    log: Path
    popen: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(
                [sys.executable, *self.arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """End the whole group at once, as a power cut would."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """Ask politely, wait, and make sure."""
        self._signal(signal.SIGTERM)

    def _signal(self, number: int) -> None:
        if self.popen is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, number)
        try:
            self.popen.wait(25)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.popen.pid, signal.SIGKILL)
            self.popen.wait()
        self.popen = None


@dataclass
class Product:
    """The product and its outside world, running."""

    world: World
    environment: dict[str, str]
    outside: Process
    server: Process
    facts: dict[str, object] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.world.base_url

    @property
    def mailbox(self) -> str:
        return f"{self.world.sandbox_url}/mailbox"

    def command(self, *arguments: str) -> str:
        """Run a command of the product's command line; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "app", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def wait(self) -> None:
        """Wait until the server is ready to work."""
        await_ok(f"{self.url}/readyz", self.server)


def await_ok(url: str, process: Process) -> None:
    """Wait until an address answers 200."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.popen is None or process.popen.poll() is not None:
            raise AssertionError(f"{url}: the process ended.\n{process.log.read_text()[-4000:]}")
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url, timeout=5).status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"{url} did not answer.\n{process.log.read_text()[-4000:]}")


@contextlib.contextmanager
def product(
    folder: Path, *, database_url: str = "", serve: list[str] | None = None, **extra: str
) -> Generator[Product]:
    """Run a migrated, empty product in sandbox mode; ``serve`` replaces the serving command."""
    port = free_port()
    world = make(folder, f"http://localhost:{port}", f"http://localhost:{free_port()}", free_port())
    clean = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    environment = clean | world.environment() | {"DATABASE_URL": database_url} | extra
    config = folder / "sandbox.json"
    config.write_text(json.dumps(world.sandbox_config()))
    outside = Process(
        ["-m", "app.sandbox", "--config", str(config)], environment, folder / "outside.log"
    )
    server = Process(serve or ["-m", "app", "serve"], environment, folder / "server.log")
    running = Product(world, environment, outside, server)
    running.command("migrate")
    outside.start()
    try:
        await_ok(f"{world.sandbox_url}/", outside)
        server.start()
        running.wait()
        yield running
    finally:
        server.stop()
        outside.stop()


def board(
    running: Product,
    email: str,
    prefix: str,
    *,
    rail: Rail = Rail.CARD,
    with_payouts: bool = False,
) -> Line:
    """Board a vendor with one device, the way the demo does it, perhaps with a payout account."""
    password = "a long enough passphrase"

    async def connect(seeder: Seeder) -> None:
        signed_in = await seeder._as_nobody(lambda ctx: sessions.sign_in(ctx, email, password))
        async with seeder.run.authenticated(
            lambda ctx: sessions.authenticate(ctx, signed_in.token), ORIGIN
        ) as ctx:
            url = await payout_accounts.start_onboarding(ctx)
        await seeder._press_pay(url)
        for _ in range(150):
            async with seeder.run.as_system(readonly=True) as ctx:
                if await ctx.db.scalar(select(PayoutAccount.is_ready)):
                    return
            await asyncio.sleep(0.2)
        raise AssertionError("the payout account did not become ready")

    async def act() -> Line:
        process = runtime.build(Settings())  # pyright: ignore[reportCallIssue] - from the environment
        seeder = Seeder(process, running.world)
        made = await seeder._vendor(email, "Acme Toys", password, rail)
        line = Line(made["token"], prefix, 1)
        await seeder._register(line, 1)
        if with_payouts:
            await connect(seeder)
        await seeder.http.aclose()
        await process.close()
        return line

    with pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment.items():
            patch.setenv(name, value)
        return asyncio.run(act())
