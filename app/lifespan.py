"""What a serving process starts before the first request and ends after the last."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from app import runtime


@asynccontextmanager
async def run() -> AsyncGenerator[None]:
    """Take over the sandbox clock, serve, then give back every connection."""
    process = runtime.current()
    await process.refresh_clock()
    yield
    await process.close()
