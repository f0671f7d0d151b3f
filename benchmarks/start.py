"""How soon a prebuilt product serves, and how much memory it holds, with SQLite and everything in one process.

Run with ``python -m benchmarks.start``. The ratio is the start over that of a bare Python that imports Reflex; the memory
is what the processes of the product hold for themselves (proportional set size, Linux only).
"""

from __future__ import annotations

import argparse
import compileall
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

import httpx

from app import build
from tests.running import ROOT, Process, product

ROUNDS = 5
PACKAGES = ("app", "components", "models", "state")


def memory(group: int) -> float:
    """Return the MB held by every process of a group."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int((folder / "stat").read_text().rsplit(")", 1)[1].split()[2]) == group:
                for line in (folder / "smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        total += int(line.split()[1])
        except (OSError, ValueError):  # it ended meanwhile
            continue
    return total / 1024


def start(server: Process, url: str) -> float:
    """Start a stopped product and return the seconds until a page comes."""
    began = time.perf_counter()
    server.start()
    while time.perf_counter() - began < 60:
        try:
            if httpx.get(f"{url}/readyz", timeout=5).status_code == 200:
                break
        except httpx.TransportError:
            time.sleep(0.02)
    httpx.get(f"{url}/login/", timeout=5).raise_for_status()
    return time.perf_counter() - began


def bare() -> float:
    """Return the seconds that Python takes to import what the product cannot do without."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import reflex, fastapi, sqlmodel"], check=True)
    return time.perf_counter() - began


def main(*, quick: bool = False) -> None:
    """Print medians and the ratio."""
    build.ensure()
    for folder in (sysconfig.get_path("purelib"), *(ROOT / name for name in PACKAGES)):
        compileall.compile_dir(folder, quiet=2)  # as an installer does, and a first start
    rounds = 1 if quick else ROUNDS
    with tempfile.TemporaryDirectory() as folder, product(Path(folder)) as shop:
        took: list[float] = []
        for _ in range(rounds):
            shop.server.stop()
            took.append(start(shop.server, shop.url))
        assert shop.server.popen is not None
        for path in ("/", "/login/", "/signup/", "/healthz") * 25:
            httpx.get(shop.url + path)
        held = memory(shop.server.popen.pid)
    beside = statistics.median(bare() for _ in range(rounds))
    seconds = statistics.median(took)
    print(
        f"prebuilt start: serving after {seconds:.1f} s; bare imports {beside:.1f} s: ratio {seconds / beside:.2f}"
    )
    print(f"memory after 100 requests: {held:.0f} MB")


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    main(quick=options.parse_args().quick)
