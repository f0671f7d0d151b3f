"""The REST surface as the product serves it, on a throw-away PostgreSQL, and a light client for it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from alembic import command

from app import migrations
from app.api.guard import Guard
from app.api.main import create_api
from app.api.shield import Shield
from app.core.ids import new_id
from app.rules.quota import Tier
from app.rules.statuses import PaymentMethodStatus, TenantStatus
from app.runtime import Runtime, build, current
from app.services import agents, credentials
from app.services.context import SYSTEM, Actor, ActorKind, Context
from app.settings import Settings
from models.agent import PaymentState
from models.payment import PaymentMethod
from models.price import PriceContract
from models.tenant import Programme, Rail, Tenant

SERVER = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
WORKERS = os.cpu_count() or 1
CONNECTIONS = 8
ROOT = Path(__file__).resolve().parent.parent


def application() -> Any:
    """Return the ASGI application that Granian serves in each worker, without the UI."""
    settings = current().settings
    return Shield(Guard(create_api(), settings), settings)


@dataclass(frozen=True)
class Product:
    """A running product with one vendor, and one paying agent a connection."""

    port: int
    database: str
    vendor_token: str
    platform_token: str
    api_keys: Sequence[str]


@contextlib.contextmanager
def product(served: str = "benchmarks.rest:application") -> Generator[Product]:
    """Migrate a new database, serve it with one worker a core and without limits, and drop it."""
    name = f"turnpike_bench_{uuid.uuid4().hex[:12]}"
    base = SERVER.rsplit("/", 1)[0]
    with psycopg.connect(SERVER, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            socket.create_server(("127.0.0.1", 0)) as hole,
        ):
            port = hole.getsockname()[1]
            hole.close()
            url = f"{base}/{name}"
            environment = {
                "DATABASE_URL": url,
                "DATA_DIR": folder,
                "RUN_WORKER": "0",
                "LIMIT_VENDOR_TOKEN": "",
                "LIMIT_PLATFORM_TOKEN": "",
                "LIMIT_API_KEY": "",
                "LOG_LEVEL": "WARNING",
                "PUBLIC_URL": f"http://127.0.0.1:{port}",
            }
            os.environ.update(environment)
            settings = Settings()  # pyright: ignore[reportCallIssue]
            command.upgrade(migrations.config(settings.db_url), "head")
            seeded = asyncio.run(_seed(build(settings)))
            granian = [
                sys.executable, "-m", "granian", "--interface", "asginl", "--factory",
                "--host", "127.0.0.1", "--port", str(port), "--workers", str(WORKERS),
                "--log-level", "warning", served,
            ]  # fmt: skip
            server = subprocess.Popen(granian, cwd=ROOT, start_new_session=True)
            try:
                _wait_for(port)
                yield Product(port, url, *seeded)
            finally:
                os.killpg(server.pid, signal.SIGKILL)  # nothing in it is worth a graceful end
                server.wait()
    finally:
        with psycopg.connect(SERVER, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[call-overload]


async def _seed(runtime: Runtime) -> tuple[str, str, list[str]]:
    async with runtime.context(SYSTEM) as ctx:
        now = ctx.now()
        tenant = Tenant(
            programme=Programme.VENDOR,
            status=TenantStatus.ACTIVE,
            display_name="Acme Toys",
            email="owner@example.com",
            rail=Rail.CARD,
            created_at=now,
            activated_at=now,
        )
        ctx.db.add(tenant)
        await ctx.db.flush()
        ctx.db.add(
            PriceContract(
                tenant_id=tenant.id,
                price_micros=2_500_000,
                currency="USD",
                starts_on=now.date().replace(day=1),
                announced_at=now,
            )
        )
        ctx.db.add(
            PaymentMethod(
                tenant_id=tenant.id,
                provider="stripe",
                status=PaymentMethodStatus.CONNECTED,
                is_default=True,
                created_at=now,
                connected_at=now,
            )
        )
        platform = await credentials.issue_platform_token(ctx, "Broker")
        api_keys = [await _agent(ctx, number) for number in range(CONNECTIONS)]
    owner = Actor(ActorKind.VENDOR_TOKEN, str(new_id()), tenant.id)
    async with runtime.context(owner) as ctx:
        vendor = await credentials.issue(ctx, "SDK")
    await runtime.close()
    return vendor.secret, platform.secret, api_keys


async def _agent(ctx: Context, number: int) -> str:
    """Add an agent that pays by the call and return its key."""
    agent = await agents.open_account(
        ctx, agents.PRODUCTS[0], agent_id=f"agent-{number}", email=f"agent-{number}@example.com"
    )
    if agent is None:
        raise SystemExit("an agent was there already")
    agent.tier, agent.payment_state = Tier.PAID, PaymentState.ACTIVE
    scopes = agents.DEFAULT_SCOPES
    return credentials.make(ctx, credentials.AGENT, "Bench", agent.tenant_id, scopes=scopes).secret


def _wait_for(port: int) -> None:
    for _ in range(1200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise SystemExit("the product did not start")


class Connection:
    """One kept-alive HTTP/1.1 connection; speaks just enough to cost the measured machine little."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> Connection:
        """Connect."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 20))

    async def post(self, path: str, token: str, body: bytes) -> tuple[int, bytes]:
        """Send a JSON body and return status and answer."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return await self._ask(head.encode() + body)

    async def get(self, path: str) -> tuple[int, bytes]:
        """Ask for an address and return status and answer."""
        return await self._ask(f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())

    async def _ask(self, request: bytes) -> tuple[int, bytes]:
        self._writer.write(request)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        at = answer.lower().index(b"content-length:") + 15
        length = int(answer[at : answer.index(b"\r\n", at)])
        return int(answer[9:12]), await self._reader.readexactly(length)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


async def rate(workers: Sequence[Callable[[], Awaitable[int]]], seconds: float) -> float:
    """Return the work done a second by all workers at once, after a short run-in."""

    async def go(work: Callable[[], Awaitable[int]], until: float) -> int:
        done = 0
        while time.perf_counter() < until:
            done += await work()
        return done

    run_in = time.perf_counter() + seconds / 5
    await asyncio.gather(*(go(work, run_in) for work in workers))
    begun = time.perf_counter()
    done = await asyncio.gather(*(go(work, begun + seconds) for work in workers))
    return sum(done) / (time.perf_counter() - begun)


@asynccontextmanager
async def connections(port: int, count: int = CONNECTIONS) -> AsyncGenerator[list[Connection]]:
    """Open several connections for the block."""
    opened = [await Connection.open(port) for _ in range(count)]
    try:
        yield opened
    finally:
        for one in opened:
            one.close()


def report(what: str, figure: float, beside: str, raw: float) -> None:
    """Print one line: the figure, the raw figure of the same run, and their ratio."""
    print(f"{what:34s} {figure:10,.0f}/s   {beside} {raw:10,.0f}/s   ratio {figure / raw:5.2f}")
