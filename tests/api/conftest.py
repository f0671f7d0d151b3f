"""An HTTP client that talks to the REST application in process."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import httpx
import pytest

from app.api.guard import Guard
from app.api.main import create_api
from app.api.shield import Shield
from app.runtime import Runtime


@pytest.fixture(scope="session")
def rest() -> object:
    return create_api()


@pytest.fixture
async def client(run: Runtime, rest: object) -> AsyncGenerator[httpx.AsyncClient]:
    """Requests come from 203.0.113.7, as over the internet; commits are rolled back."""
    transport = httpx.ASGITransport(
        Shield(Guard(rest, run.settings), run.settings), client=("203.0.113.7", 40000)
    )  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as client:
        yield client
