"""The same providers, asked through a running executor: a process of its own with a vault of its own."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx

from app.providers.kinds import Adapter
from app.providers.registry import payment_kinds
from app.providers.remote import ExecutorClient, RemoteProvider
from tests.providers.outside import APP_ID, SECRET_KEY, SELLER_ID, Outside
from tests.providers.sample import PATIENCE, Call, PaymentSample, Prepared, SourceSample
from tests.providers.stand_in import Asked, StandIn
from tests.running import Process, await_ok, free_port

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Executor:
    """Where a running executor listens, and a key for it."""

    url: str
    token: str
    process: Process


def environment_of(outside: Outside, folder: Path, port: int) -> dict[str, str]:
    """Return the executor's environment: addresses, and the vault's key instead of any secret."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("STRIPE_", "ALIPAY_", "VAULT_", "EXECUTOR_", "DATABASE_URL"))
    }
    return clean | {
        "TURNPIKE_MODE": "sandbox",
        "DATA_DIR": str(folder),
        "VAULT_KEY_FILE": str(folder / "vault.key"),
        "EXECUTOR_PORT": str(port),
        "PUBLIC_URL": outside.receiver.url,
        "LIMIT_PLATFORM_TOKEN": "",
        "STRIPE_API_URL": outside.sandbox.stripe_api_base,
        "STRIPE_RETRIES": "0",
        "ALIPAY_APP_ID": APP_ID,
        "ALIPAY_SELLER_ID": SELLER_ID,
        "ALIPAY_GATEWAY_URL": outside.sandbox.alipay_gateway,
        "ALIPAY_OAUTH_URL": outside.sandbox.alipay_oauth,
        "ALIPAY_PUBLIC_KEY_FILE": str(outside.keys.alipay_public),
    }


@contextlib.contextmanager
def executor_of(outside: Outside, folder: Path) -> Generator[Executor]:
    """Run an executor whose vault holds what the simulated world knows us by."""
    port = free_port()
    environment = environment_of(outside, folder, port)

    def command(*arguments: str, said: str = "") -> str:
        done = subprocess.run(
            [sys.executable, "-m", "app", *arguments],
            cwd=ROOT,
            env=environment,
            input=said,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    command("migrate")
    command("vault", "put", "stripe", "secret_key", said=SECRET_KEY)
    command("vault", "put", "alipay", "private_key", said=outside.keys.merchant_private.read_text())
    token = command("keys", "executor-token").splitlines()[-1]
    process = Process(["-m", "app", "executor"], environment, folder / "executor.log")
    process.start()
    try:
        await_ok(f"http://127.0.0.1:{port}/readyz", process)
        yield Executor(f"http://127.0.0.1:{port}", token, process)
    finally:
        process.stop()


RUNNING: dict[str, tuple[contextlib.ExitStack, Executor]] = {}
"""By the sandbox it speaks to; the suite starts one and ends it."""


def executor_at(outside: Outside) -> Executor:
    if outside.sandbox.url not in RUNNING:
        stack = contextlib.ExitStack()
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        RUNNING[outside.sandbox.url] = stack, stack.enter_context(executor_of(outside, folder))
    return RUNNING[outside.sandbox.url][1]


def end_executors() -> None:
    while RUNNING:
        RUNNING.popitem()[1][0].close()


class Remote(PaymentSample):
    """A sample whose every call goes through the executor."""

    def __init__(self, direct: PaymentSample) -> None:
        self.direct = direct
        self.slug = direct.slug
        self.name = f"remote-{direct.slug}"
        self.sources: Sequence[SourceSample] = ()
        self.unknown_currency = direct.unknown_currency

    def provider(
        self, outside: Outside, *, is_lost: bool = False, seconds: float = PATIENCE
    ) -> Adapter:
        running = executor_at(outside)
        return self._at(outside.nowhere if is_lost else running.url, running.token, seconds)

    @contextlib.contextmanager
    def dying(self, outside: Outside) -> Generator[Adapter]:
        """Give an adapter whose executor does all it is told and dies before it can say so."""
        running = executor_at(outside)

        def lose(asked: Asked) -> tuple[int, bytes]:
            headers = {name: asked.headers[name] for name in ("authorization", "content-type")}
            done = httpx.post(
                running.url + asked.path, content=asked.body, headers=headers, trust_env=False
            )
            assert done.status_code == 200, done.text
            return 0, b""

        with StandIn(lose).running() as proxy:
            yield self._at(proxy.url, running.token, PATIENCE)

    def _at(self, url: str, token: str, seconds: float) -> Adapter:
        kind = next(one for one in payment_kinds() if one.slug == self.slug)
        return cast("Adapter", RemoteProvider(kind, ExecutorClient(url, token, seconds=seconds)))

    async def prepare(self, provider: Any, outside: Outside) -> Prepared:
        return await self.direct.prepare(provider, outside)

    def calls(self) -> Sequence[Call]:
        return self.direct.calls()

    def refusals(self) -> Mapping[str, Callable[[Any, Prepared], Awaitable[Any]]]:
        # Giving a code for an account is no call of the port.
        found = self.direct.refusals()
        return {why: make for why, make in found.items() if why != "a code that was never given"}

    async def story(self, provider: Any, outside: Outside) -> None:
        await self.direct.story(provider, outside)

    def made(self, outside: Outside, kind: str) -> int:
        return self.direct.made(outside, kind)
