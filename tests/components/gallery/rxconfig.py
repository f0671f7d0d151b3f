"""A tiny application that shows every widget in its states, for the eye and for axe; no part of the product."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2]))
BIN = Path(sys.executable).parent
os.environ["PATH"] = f"{BIN}{os.pathsep}{os.environ['PATH']}"
os.environ.setdefault("REFLEX_USE_NPM", "1")
os.environ.setdefault("REFLEX_CHECK_LATEST_VERSION", "0")
os.environ.setdefault(
    "NPM_CONFIG_REGISTRY",
    subprocess.run(
        [str(BIN / "npm"), "config", "get", "registry"], capture_output=True, text=True, check=True
    ).stdout.strip(),
)

import reflex as rx  # noqa: E402 - the environment must stand first

config = rx.Config(
    app_name="gallery",
    telemetry_enabled=False,
    show_built_with_reflex=False,
    disable_plugins=[rx.plugins.SitemapPlugin],
)
