"""The executor as a process of its own: the vault, the providers, and nothing else of the product."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp

from app import runtime
from app.api import executor, health, metrics
from app.api.guard import Guard
from app.api.main import create_api


@asynccontextmanager
async def _running(_: FastAPI) -> AsyncGenerator[None]:
    """Take over the sandbox's clock, and give every action its line in the allow-list."""
    process = runtime.current()
    await process.refresh_clock()
    if process.desk is not None:
        async with process.as_system(quiet=True) as ctx:
            await process.desk.publish(ctx)
    yield
    await process.close()


def create() -> ASGIApp:
    """Return the application; the server calls it once a process."""
    api = create_api([executor, health, metrics])
    api.router.lifespan_context = _running
    return Guard(api, runtime.current().settings)
