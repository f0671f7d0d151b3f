"""What is done to the exported front end before it is packed: no address of its own, and first things first."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Unpack

from reflex_base.plugins import Plugin
from reflex_base.plugins.base import PostBuildContext

from app.build import NOWHERE


class FinishingPlugin(Plugin):
    """Finishes the files of a build; Reflex compresses them afterwards."""

    def post_build(self, **context: Unpack[PostBuildContext]) -> None:
        """Finish what Vite wrote."""
        release_address(context["static_dir"])
        put_scripts_second(context["static_dir"])


def release_address(folder: Path) -> None:
    """Let the page talk to whichever address it came from, instead of the one it was built with."""
    host = NOWHERE.removeprefix("http://")
    found = 0
    for script in folder.rglob("*.js"):
        text = script.read_text()
        if host not in text:
            continue
        text = re.sub(rf"([`\"'])ws://{host}", r"location.origin.replace(/^http/,`ws`)+\1", text)
        text = re.sub(rf"([`\"'])http://{host}", r"location.origin+\1", text)
        script.write_text(text)
        found += 1
    if not found:
        raise RuntimeError("the built front end does not name its server: Reflex changed")


def put_scripts_second(folder: Path) -> None:
    """Let the stylesheet and the font come before the scripts, which the first paint does not need."""
    for page in folder.rglob("*.html"):
        text = page.read_text()
        page.write_text(
            text.replace(
                '<link rel="modulepreload"', '<link rel="modulepreload" fetchPriority="low"'
            )
        )
