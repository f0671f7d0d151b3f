"""The composition root: the UI, the API mounted in it, the error handler and the lifespan."""

from __future__ import annotations

import reflex as rx

import app.pages as pages_package
from app import lifespan, runtime
from app.api.guard import Guard
from app.api.main import create_api
from app.core.discover import import_all
from app.pages.registry import PAGES
from app.ui_errors import explain

import_all(pages_package)
api = create_api()


def _guarded(inner: object) -> Guard:
    return Guard(inner, runtime.current().settings)  # type: ignore[arg-type]


app = rx.App(
    api_transformer=[api, _guarded],
    backend_exception_handler=explain,
    stylesheets=["/turnpike.css"],
)
for one in PAGES.values():
    app.add_page(one.render, route=one.route, title=f"{one.title} · Turnpike", on_load=one.on_load)
app.register_lifespan_task(lifespan.run)
