"""Build the gallery, photograph it and run axe on it: `python tests/components/gallery/look.py [--no-build] [page ...]`.

Run by hand after a change to a widget or a stylesheet; the pictures land in `shots/`, which git ignores.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright
from walk import walk

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
SHOTS = HERE / "shots"
PAGES = ["", "forms", "states", "pieces", "onboarding", "signup"]
SIZES = [(1920, 1080), (1440, 900), (800, 900), (360, 740)]
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-dev-shm-usage"]


def build(env: dict[str, str]) -> None:
    with Path("/tmp/build.lock").open("w") as lock:  # one build at a time on a machine
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(
            [BIN / "reflex", "export", "--frontend-only", "--no-zip"], cwd=HERE, env=env, check=True
        )


def serve(env: dict[str, str], port: int) -> subprocess.Popen:
    serving = {
        **env,
        "REFLEX_ENV_MODE": "prod",
        "__REFLEX_SKIP_COMPILE": "true",
        "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
    }
    command = [
        BIN / "granian",
        "--interface",
        "asgi",
        "--factory",
        "--port",
        str(port),
        "gallery.gallery:app",
    ]
    server = subprocess.Popen(command, cwd=HERE, env=serving, start_new_session=True)
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://localhost:{port}/", timeout=2)
            return server
        except OSError:
            time.sleep(0.2)
    os.killpg(server.pid, signal.SIGTERM)
    raise RuntimeError("the gallery does not answer")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def inspect(page: Page, name: str, width: int) -> int:
    """Report what is wrong with the page as it stands; give the number of faults."""
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)
    found = 0
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > width:
        print(f"{name}: scrolls sideways, {wide} px")
        found += 1
    for violation in Axe().run(page).response["violations"]:
        found += violation["impact"] in ("serious", "critical")
        print(f"{name}: {violation['impact']}: {violation['id']}: {violation['help']}")
        for node in violation["nodes"][:4]:
            print(f"    {node['target']} {node['html'][:160]}")
            print(f"      {[c['message'] for c in node['any'] + node['all'] + node['none']][:2]}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="*", default=PAGES)
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--walk", action="store_true", help="press everything as well")
    parser.add_argument("--port", type=int, default=3911, help="baked into the build")
    args = parser.parse_args()
    SHOTS.mkdir(exist_ok=True)
    root = str(HERE.parents[2])
    base = f"http://localhost:{args.port}"
    env = {**os.environ, "PYTHONPATH": root, "REFLEX_API_URL": base}
    if not args.no_build:
        build(env)
    server = serve(env, args.port)
    faults = 0
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=CHROMIUM_FLAGS
            )
            for width, height in SIZES:
                for mode in ("light", "dark"):
                    context = browser.new_context(
                        viewport={"width": width, "height": height},
                        color_scheme=mode,
                        reduced_motion="reduce",
                    )
                    page = context.new_page()
                    page.on(
                        "console",
                        lambda m: print("console:", m.text) if m.type == "error" else None,
                    )
                    page.on("pageerror", lambda error: print("page error:", error))
                    for path in args.pages:
                        page.goto(f"{base}/{path}", wait_until="networkidle")
                        page.wait_for_timeout(500)
                        faults += inspect(page, f"{path or 'index'}-{width}-{mode}", width)
                    if args.walk and width in (1440, 360):
                        walk(page, base, SHOTS, f"{width}-{mode}")
                    context.close()
            browser.close()
    finally:
        os.killpg(server.pid, signal.SIGTERM)
    print(f"{faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
