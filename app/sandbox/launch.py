"""Starts the sandbox as a process of its own, for the demo, the tests and the benchmarks."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.sandbox.config import SandboxConfig

_ROOT = Path(__file__).resolve().parents[2]
_STOP_SECONDS = 10


@dataclass(frozen=True)
class RunningSandbox:
    """Where a running sandbox listens."""

    url: str
    smtp_host: str
    smtp_port: int
    process: subprocess.Popen[str]

    @property
    def stripe_api_base(self) -> str:
        """The value for `StripeClient(base_addresses={"api": ...})`."""
        return f"{self.url}/stripe"

    @property
    def alipay_gateway(self) -> str:
        """The gateway address for Alipay calls."""
        return f"{self.url}/alipay/gateway.do"

    @property
    def alipay_oauth(self) -> str:
        """The address a seller is sent to for authorisation."""
        return f"{self.url}/alipay/oauth2/publicAppAuthorize.htm"

    @property
    def mailbox_url(self) -> str:
        """The mailbox as page and as JSON."""
        return f"{self.url}/mailbox"


def start(config: SandboxConfig) -> RunningSandbox:
    """Start the process and return once it listens; RuntimeError when it ends instead."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8", delete=False) as file:
        file.write(config.model_dump_json())
        path = Path(file.name)
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
            [sys.executable, "-m", "app.sandbox", "--config", str(path)],
            cwd=_ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        line = process.stdout.readline() if process.stdout else ""
    finally:
        path.unlink()
    words = line.split()
    if len(words) != 4 or words[0] != "sandbox":
        process.kill()
        process.wait()
        msg = f"The sandbox did not start: {line!r}"
        raise RuntimeError(msg)
    host, _, port = words[3].rpartition(":")
    return RunningSandbox(words[1], host, int(port), process)


def stop(sandbox: RunningSandbox) -> None:
    """End the process, politely first."""
    sandbox.process.terminate()
    try:
        sandbox.process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        sandbox.process.kill()
        sandbox.process.wait()
    if sandbox.process.stdout is not None:
        sandbox.process.stdout.close()


@contextmanager
def running(config: SandboxConfig) -> Generator[RunningSandbox]:
    """Run a sandbox for the length of a block."""
    sandbox = start(config)
    try:
        yield sandbox
    finally:
        stop(sandbox)
