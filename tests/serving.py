"""Small ASGI applications on real sockets of their own, within the test's process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

import uvicorn

from tests.running import free_port


class Server(uvicorn.Server):
    """Tells when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.up.set()


@asynccontextmanager
async def served(
    app: Any,
    around: AbstractAsyncContextManager[Any] | None = None,
    *,
    port: int = 0,
    **options: Any,
) -> AsyncGenerator[str]:
    """Serve an application meanwhile, within a context of its own; gives ``host:port``."""
    port = port or free_port()
    config = uvicorn.Config(
        app,
        port=port,
        lifespan="off",
        log_config=None,
        ws="none",
        timeout_graceful_shutdown=1,
        **options,
    )
    server = Server(config)

    async def serve() -> None:
        async with around or nullcontext():
            await server.serve()

    serving = asyncio.create_task(serve())
    await server.up.wait()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving
