"""Runs every test: the quick ones side by side, then the journeys and the faults one by one."""

from __future__ import annotations

import os
import subprocess
import sys

APART = ["tests/e2e", "tests/faults"]


def main() -> int:
    """Run all of them, whatever fails, and return the exit code of the first run that did."""
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    quick = ["-n", "2", "--dist", "loadfile", *(f"--ignore={path}" for path in APART), "tests"]
    failed = 0
    # Each apart: the browser's driver leaves an event loop running in its process.
    for arguments in (quick, *([path, "-p", "no:randomly"] for path in APART)):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *arguments, *sys.argv[1:]],
            env=environment,
            check=False,
        )
        failed = failed or done.returncode
    return failed


if __name__ == "__main__":
    sys.exit(main())
