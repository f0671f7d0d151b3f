"""Every benchmark still runs, and says what it measured beside a ratio; how fast it was is nobody's test."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from benchmarks.__main__ import ALL
from tests.conftest import _has_postgres, require_or_skip
from tests.running import ROOT

NAMES = [one.__name__ for one in ALL]


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_runs(name: str) -> None:
    require_or_skip(_has_postgres(), "PostgreSQL")
    done = subprocess.run(
        [sys.executable, "-m", name, "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"ratio +\d|times a plain answer", done.stdout), done.stdout


def test_every_benchmark_is_one_of_them() -> None:
    files = {path.stem for path in (ROOT / "benchmarks").glob("*.py")}
    named = {name.removeprefix("benchmarks.") for name in NAMES}
    assert named == files - {"__main__", "__init__", "rest"}
