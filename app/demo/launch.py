"""Starts the outside world and the product, seeds them once, and ends both together."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import httpx

from app import build
from app.demo.world import World, make

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120
LEFT = ("turnpike.db*", "workflows.db*", "sandbox-state.json*")
"""What a demo whose history is not whole leaves behind."""


def run(folder: Path, base_url: str, sandbox_url: str, smtp_port: int) -> int:
    """Run the demo until it is interrupted; returns the exit code."""
    began = time.monotonic()
    for name, port in (("", base_url), ("sandbox-", sandbox_url), ("smtp-", f":{smtp_port}")):
        _want_free(int(port.rsplit(":", 1)[-1]), f"--{name}port")
    _begin_anew(folder)
    world = make(folder.resolve(), base_url, sandbox_url, smtp_port)
    environment = world.environment()
    config = world.folder / "sandbox.json"
    config.write_text(json.dumps(world.sandbox_config(), indent=2))
    config.chmod(0o600)
    _say("Building the front end (once; later starts take seconds)")
    build.ensure()
    _step(environment, "migrate")
    is_new = not (world.folder / "demo.json").exists()
    if is_new:
        _step(environment, "demo-clock")
    with ExitStack() as stack:
        outside = _start(environment, ["app.sandbox", "--config", str(config)], stack)
        _await(f"{sandbox_url}/", outside)
        product = _start(environment, ["app", "serve"], stack)
        _await(f"{base_url}/readyz", product)
        if is_new:
            _say("Filling in two vendors, an agent and three months of history")
            _step(environment, "demo-seed")
        _announce(world, time.monotonic() - began)
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            return product.wait()
        except KeyboardInterrupt:
            _say("Stopping")
            return 0


def _start(
    environment: dict[str, str], module: Sequence[str], stack: ExitStack
) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
        [sys.executable, "-m", *module], cwd=ROOT, env=environment, start_new_session=True
    )
    stack.callback(_end, process)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and everything it started, politely first."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _step(environment: dict[str, str], command: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "app", command], cwd=ROOT, env=environment, check=False
    )
    if done.returncode:
        raise SystemExit(f"The demo cannot start: {command} failed; see above.")


def _want_free(port: int, option: str) -> None:
    """Refuse a port where somebody listens: the demo would talk to a stranger."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise SystemExit(
                f"Port {port} is taken. Stop what listens there, or choose another:"
                f" .venv/bin/python -m app demo {option} {port + 1}"
            )


def _begin_anew(folder: Path) -> None:
    """Remove what an interrupted first start left; never touch what is no demo's."""
    if (folder / "demo.json").exists():
        return
    found = [path for pattern in LEFT for path in folder.glob(pattern)]
    if found and not (folder / "demo-secrets.json").exists():
        raise SystemExit(
            f"{folder} holds an installation that is no demo."
            " Choose another folder: .venv/bin/python -m app demo --folder demo-data"
        )
    for path in found:
        path.unlink()


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"A process ended before {url} answered; see above.")
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"{url} did not answer within {PATIENCE} s.")


def _announce(world: World, seconds: float) -> None:
    facts = json.loads((world.folder / "demo.json").read_text())
    vendor = facts["vendors"][0]
    _say(f"Ready after {seconds:.0f} s. Payments are simulated; nothing leaves this machine.")
    _say(f"  Turnpike        {world.base_url}")
    _say(f"  Outside world   {world.sandbox_url}   (payment pages, mailbox)")
    _say(f"  A vendor        {vendor['email']}   {vendor['password']}")
    _say(f"  An agent        {world.base_url}/agent/login   {facts['agent']['email']}, by mail")
    _say(f"  Operations      {facts['ops']['email']}   {facts['ops']['password']}")
    _say(f"  Everything else {world.folder / 'demo.json'}")
    _say("Ctrl-C stops it.")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - this is a command


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
