"""The conventions that no linter knows: each a few lines, so that the house stays as it is."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import reflex as rx
from alembic.script import ScriptDirectory
from fastapi.routing import APIRoute

import app.jobs
import app.pages
import state
from app import migrations
from app.api import deps, docs
from app.api.main import create_api
from app.core.discover import import_all
from app.jobs.engine import JOBS
from app.pages.registry import PAGES
from app.services.ports import JobName
from app.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("app", "components", "state", "models", "clients", "benchmarks")
OPEN_ENDPOINTS = {
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/docs",
    "/.well-known/jwks.json",
    "/v1/webhook/{provider}",
    "/api/webhooks/stripe",
    "/v1/sandbox/clock",
}
"""Those that need no unit of work of their own, or are proved by a signature or a token instead."""
PRESENTATION_ONLY = {"ShellState.visit", "EntryState.read", "LinkState.read"}
"""Handlers that read nothing of anybody's."""


def modules(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(
            path
            for path in (ROOT / folder).rglob("*.py")
            if not {".web", "__pycache__", "node_modules"} & set(path.parts)
        )


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def test_no_module_is_longer_than_400_lines_and_no_state_than_150() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in modules(*PRODUCT)
        if (lines := len(path.read_text().splitlines()))
        > (150 if path.parts[-2:-1] and "state" in path.relative_to(ROOT).parts[:1] else 400)
    }
    assert long == {}


def test_every_module_says_why_it_exists() -> None:
    silent = [
        str(path)
        for path in modules(*PRODUCT)
        if path.stat().st_size and not ast.get_docstring(tree(path))
    ]
    assert silent == []


def test_no_float_comes_near_money() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in modules("app/core", "app/rules", "app/services", "models")
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Name) and node.id == "float")
        or (isinstance(node, ast.Constant) and isinstance(node.value, float))
    ]
    assert found == []


def test_no_table_or_column_is_named_after_a_provider() -> None:
    from sqlmodel import SQLModel

    import models  # noqa: F401

    names = [
        f"{table.name}.{column.name}"
        for table in SQLModel.metadata.tables.values()
        for column in table.columns
    ]
    assert [name for name in names if re.search("stripe|alipay|polar|resend", name)] == []


def test_every_tenant_table_has_its_tenant_indexed() -> None:
    from sqlmodel import SQLModel

    import models  # noqa: F401

    bare = [
        table.name
        for table in SQLModel.metadata.tables.values()
        if (column := table.columns.get("tenant_id")) is not None
        and not column.nullable
        and not any(next(iter(index.columns)).name == "tenant_id" for index in table.indexes)
        and not any(
            list(getattr(constraint, "columns", []))[:1]
            and next(iter(constraint.columns)).name == "tenant_id"  # type: ignore[attr-defined]
            for constraint in table.constraints
        )
    ]
    assert bare == []


def test_there_is_one_migration_head() -> None:
    assert len(ScriptDirectory.from_config(migrations.config("")).get_heads()) == 1


def test_every_job_has_exactly_one_workflow() -> None:
    import_all(app.jobs)
    assert set(JOBS) == set(JobName)


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    names = [str(field.validation_alias) for field in Settings.model_fields.values()]
    assert [name for name in names if f"`{name}`" not in text] == []


def endpoints() -> list[APIRoute]:
    found = docs.endpoints(create_api())
    assert found
    return found


def test_every_endpoint_is_documented() -> None:
    text = (ROOT / "docs" / "api.md").read_text()
    missing = [
        f"{method} {route.path}"
        for route in endpoints()
        for method in sorted(route.methods or ())
        if f"{method} {route.path}" not in text
    ]
    assert missing == []


def test_every_endpoint_works_as_somebody() -> None:
    doors = {
        deps.anonymous,
        deps.vendor,
        deps.platform,
        deps.kernel,
        deps.service,
        deps.agent,
        deps.signed_in,
        deps.member,
        deps.customer,
    }

    def calls(dependant: object) -> set[object]:
        found = {dependant.call}  # type: ignore[attr-defined]
        for inner in dependant.dependencies:  # type: ignore[attr-defined]
            found |= calls(inner)
        return found

    bare = [
        route.path
        for route in endpoints()
        if route.path not in OPEN_ENDPOINTS and not doors & calls(route.dependant)
    ]
    assert bare == []


def test_every_screen_is_documented() -> None:
    import_all(app.pages)
    text = (ROOT / "docs" / "screens.md").read_text()
    assert [route for route in PAGES if f"`{route}`" not in text] == []


def test_every_page_renders() -> None:
    import_all(app.pages)
    for page in PAGES.values():
        assert page.render().render(), page.route


def states() -> list[type[rx.State]]:
    import_all(app.pages)
    found: list[type[rx.State]] = []
    waiting = [rx.State]
    while waiting:
        for sub in waiting.pop().get_substates() if waiting else ():
            waiting.append(sub)
            if sub.__module__.startswith("state."):
                found.append(sub)
    return found


def test_every_handler_goes_through_the_door() -> None:
    import_all(state)
    open_handlers = []
    for cls in states():
        for name, handler in cls.event_handlers.items():
            if (
                name == "setvar"
                or name not in vars(cls)
                or f"{cls.__name__}.{name}" in PRESENTATION_ONLY
            ):
                continue
            source = inspect.getsource(handler.fn)
            helpers = "".join(
                inspect.getsource(member)
                for key in re.findall(r"self\.(_\w+)\(", source)
                if inspect.isfunction(member := inspect.getattr_static(cls, key, None))
            )
            if not re.search(
                r"\b(acting|acting_as_customer|acting_as_anybody|visiting)\(self", source + helpers
            ):
                open_handlers.append(f"{cls.__name__}.{name}")
    assert open_handlers == []


@pytest.mark.parametrize("word", ["TODO", "FIXME", "XXX", "NotImplementedError"])
def test_nothing_is_left_unfinished(word: str) -> None:
    found = [str(path.relative_to(ROOT)) for path in modules(*PRODUCT) if word in path.read_text()]
    assert found == []
