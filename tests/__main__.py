"""Runs every test: the quick ones side by side, then the journeys one by one, then the faults."""

from __future__ import annotations

import os
import subprocess
import sys

APART = ["tests/e2e", "tests/faults"]


def main() -> int:
    """Return the exit code of the first run that failed."""
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    quick = ["-n", "2", "--dist", "loadfile", *(f"--ignore={path}" for path in APART), "tests"]
    # Each apart: the browser's driver leaves an event loop running in its process.
    journeys = ["-p", "no:randomly", "tests/e2e"]
    faults = ["-n", "2", "--dist", "loadgroup", "-p", "no:randomly", "tests/faults"]
    for arguments in (quick, journeys, faults):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *arguments, *sys.argv[1:]],
            env=environment,
            check=False,
        )
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
