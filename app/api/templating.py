"""The few pages that the API serves itself: plain HTML that needs no script."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2
from fastapi import Request


@cache
def template(name: str) -> jinja2.Template:
    """Return a page by the name of its file."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template(name)


def is_browser(request: Request) -> bool:
    """Tell a browser that shows pages from a script that reads JSON."""
    return "text/html" in request.headers.get("accept", "")
