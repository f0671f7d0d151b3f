"""Puts the simulated world together and runs it as one process."""

import argparse
import asyncio
import logging
import signal
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from app.sandbox.alipay.control import AlipayControl
from app.sandbox.alipay.service import open_alipay
from app.sandbox.config import SandboxConfig
from app.sandbox.control import mount_control
from app.sandbox.mail.control import MailControl
from app.sandbox.mail.listener import listen
from app.sandbox.mail.pages import Mailbox
from app.sandbox.pages.render import STATIC, show
from app.sandbox.stripe.cards import CARDS
from app.sandbox.stripe.control import StripeControl
from app.sandbox.stripe.service import open_stripe
from app.sandbox.world import World

_log = logging.getLogger("sandbox")


def create_app(config: SandboxConfig) -> Starlette:
    """Return the ASGI application; its lifespan runs the SMTP listener and the courier.

    `app.state.world` is the world, `app.state.smtp_port` the port that mail goes to once the lifespan has begun.
    """
    world = World(config)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        smtp = await listen(world)
        app.state.smtp_port = smtp.sockets[0].getsockname()[1]
        try:
            async with world.running():
                yield
        finally:
            smtp.close()
            await smtp.wait_closed()

    async def home(request: Request) -> Response:
        del request
        return show(
            "home.html",
            place="home",
            config=world.config,
            smtp_port=app.state.smtp_port,
            clock=world.clock,
            cards=CARDS,
            hold=world.store.setting("hold", False),
            duplicates=world.store.setting("duplicates", False),
            faults=len(world.faults.pending),
        )

    async def health(request: Request) -> Response:
        del request
        return Response("ok", media_type="text/plain")

    async def broken(request: Request, error: Exception) -> Response:
        # Shaped so that the providers' clients read it too: an unknown outcome, worth a retry.
        _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        message = "The sandbox itself failed; its log says why."
        return JSONResponse({"error": {"type": "api_error", "message": message}}, status_code=500)

    app = Starlette(
        routes=[
            Route("/", home),
            Route("/healthz", health),
            Mount("/_static", StaticFiles(directory=STATIC)),
            mount_control(
                world,
                [
                    *MailControl(world).routes(),
                    *StripeControl(world).routes(),
                    *AlipayControl(world).routes(),
                ],
            ),
            *Mailbox(world).routes(),
            *open_stripe(world),
            *open_alipay(world),
        ],
        exception_handlers={Exception: broken},
        lifespan=lifespan,
    )
    app.state.world = world
    return app


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


async def serve(config: SandboxConfig) -> None:
    """Serve until SIGTERM or SIGINT, after one line that says where."""
    if config.port == 0:
        config = config.model_copy(update={"port": _free_port(config.host)})
    app = create_app(config)
    server = Server(
        app, address=config.host, port=config.port, interface=Interfaces.ASGI, log_enabled=False
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    serving = asyncio.create_task(server.serve())
    waiting = asyncio.create_task(_until_listening(config))
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if waiting.done():
        address = app.state.world.config.public_url
        print(f"sandbox {address} smtp {config.host}:{app.state.smtp_port}", flush=True)  # noqa: T201
    waiting.cancel()
    await serving


async def _until_listening(config: SandboxConfig) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(config.host, config.port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        return


def run() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m app.sandbox",
        description="The simulated outside world: payment providers and a mailbox.",
    )
    parser.add_argument("--config", type=Path, help="JSON file, as docs/sandbox.md describes")
    parser.add_argument("--port", type=int, help="HTTP port; 0 takes a free one")
    parser.add_argument("--smtp-port", type=int, help="SMTP port; 0 takes a free one")
    given = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    config = SandboxConfig()
    if given.config is not None:
        config = SandboxConfig.model_validate_json(given.config.read_text(encoding="utf-8"))
    changes = {"port": given.port, "smtp_port": given.smtp_port}
    config = config.model_copy(
        update={name: value for name, value in changes.items() if value is not None}
    )
    asyncio.run(serve(config))
