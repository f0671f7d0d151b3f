"""The Alipay double as one thing to mount."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

# Each of these modules registers its methods in the gateway's table by being imported.
from app.sandbox.alipay import oauth, refunds, royalty, trades, transfers
from app.sandbox.alipay.gateway import Gateway
from app.sandbox.alipay.notify import channel
from app.sandbox.alipay.pages import AlipayPages
from app.sandbox.alipay.signing import Keys
from app.sandbox.pages.render import show
from app.sandbox.world import World

METHOD_MODULES = (refunds, royalty, trades, transfers)


def open_alipay(world: World) -> list[BaseRoute]:
    """Prepare the double in a world and return its addresses; without keys only a page that says so."""
    config = world.config.alipay
    if config.private_key_path is None or config.app_public_key_path is None:

        async def closed(request: Request) -> Response:
            del request
            return show(
                "message.html",
                status=503,
                provider="Alipay",
                title="Alipay is switched off here",
                text="The sandbox was started without Alipay's key pair.",
                choices=[],
                address="",
            )

        return [Route("/alipay/{path:path}", closed, methods=["GET", "POST"])]
    keys = Keys(config.private_key_path, config.app_public_key_path)

    def prepare() -> None:
        world.store.put("alipay_blocked", oauth.UNUSABLE, {"id": oauth.UNUSABLE})

    prepare()
    world.each_reset(prepare)
    world.courier.open_channel("alipay", channel(keys))
    world.each_tick(lambda: trades.close_overdue(world))
    gateway = Gateway(world, keys)
    return [
        Route("/alipay/gateway.do", gateway.answer, methods=["GET", "POST"]),
        *oauth.OAuthPages(world).routes(),
        *AlipayPages(world, keys).routes(),
    ]
