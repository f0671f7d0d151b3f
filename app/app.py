"""The composition root: the UI, the API mounted in it, the error handler and the lifespan."""

from __future__ import annotations

from typing import Any

import reflex as rx
import reflex.model

import app.pages as pages_package
from app import lifespan, runtime
from app.api.guard import Guard
from app.api.main import create_api
from app.api.shield import Shield
from app.core.discover import import_all
from app.gate import Gate
from app.pages.registry import PAGES
from app.ui_errors import explain
from components import theme

import_all(pages_package)
api = create_api()


def _guarded(inner: Any) -> Shield:
    settings = runtime.current().settings
    static = [route for route in PAGES if "[" not in route]
    return Shield(Guard(inner, settings), settings, static)


app = rx.App(
    api_transformer=[api, _guarded],
    backend_exception_handler=explain,
    stylesheets=theme.STYLESHEETS,
    head_components=theme.head(),
    toaster=theme.toaster(),
    app_wraps=theme.APP_WRAPS,
    html_lang="en",
)
for one in PAGES.values():
    app.add_page(
        one.render,
        route=one.route,
        title=f"{one.title} · Turnpike",
        description=one.description,
        image="/favicon.svg",
        on_load=one.on_load,
    )
app.add_middleware(Gate(), index=0)
app.register_lifespan_task(lifespan.run)
