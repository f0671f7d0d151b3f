"""Builds the front end once and knows when it must be built again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / ".web" / "build" / "client"
STAMP = ROOT / ".web" / "turnpike.stamp"
SOURCES = (
    "app/pages",
    "components",
    "state",
    "assets",
    "rxconfig.py",
    "app/app.py",
    "app/finishing.py",
)

NOWHERE = "http://turnpike.invalid"
"""The address the front end is built with; ``app/finishing.py`` takes it out again."""

SERVING = {
    "REFLEX_ENV_MODE": "prod",
    "__REFLEX_SKIP_COMPILE": "true",
    "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
}
"""What makes the built front end be served as it is. Two are internal to Reflex: its version is pinned."""


def fingerprint() -> str:
    """Return a hash of everything the front end is made from."""
    digest = hashlib.sha256(f"{version('reflex')}\n".encode())
    for source in SOURCES:
        path = ROOT / source
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def is_current() -> bool:
    """Tell whether what was built is what the sources say."""
    return BUILT.is_dir() and STAMP.is_file() and STAMP.read_text() == fingerprint()


def ensure() -> bool:
    """Build the front end unless it is current; tell whether it was built."""
    if is_current():
        return False
    # Taken before: what changes while the build runs is not in it.
    sources = fingerprint()
    STAMP.unlink(missing_ok=True)
    shutil.rmtree(BUILT, ignore_errors=True)
    environment = os.environ | {
        "PUBLIC_URL": NOWHERE,
        "REFLEX_API_URL": NOWHERE,
        "REFLEX_USE_NPM": "1",
        "REFLEX_CHECK_LATEST_VERSION": "0",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    if registry := _registry(environment):
        environment.setdefault("NPM_CONFIG_REGISTRY", registry)
    subprocess.run(
        [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip"],
        cwd=ROOT,
        env=environment,
        check=True,
    )
    _tidy_lock()
    STAMP.write_text(sources)
    return True


def _tidy_lock() -> None:
    """Leave out of the lock file whom packages ask for donations: names and hashes are enough."""
    path = ROOT / "reflex.lock" / "package-lock.json"
    if not path.is_file():
        return
    lock = json.loads(path.read_text())
    for package in lock.get("packages", {}).values():
        package.pop("funding", None)
        package.pop("resolved", None)
    path.write_text(json.dumps(lock, indent=2) + "\n")


def _registry(environment: dict[str, str]) -> str:
    """Return the registry npm is set up for; Reflex would try several otherwise."""
    npm = shutil.which("npm", path=environment["PATH"])
    if npm is None:
        return ""
    answer = subprocess.run(  # noqa: S603 - a fixed command
        [npm, "config", "get", "registry"], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() if answer.returncode == 0 else ""
