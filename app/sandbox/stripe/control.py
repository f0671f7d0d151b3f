"""Control endpoints of the Stripe double: what happens in its dashboard and at the banks."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from app.sandbox.stripe.money import totals
from app.sandbox.world import World


class StripeControl:
    """What can be done to Stripe from behind the scenes."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[BaseRoute]:
        """Return the addresses below `/_control`."""
        return [Route("/stripe/totals", self.totals, methods=["GET"])]

    async def totals(self, request: Request) -> Response:
        """Count charges and refunds by customer and by invoice."""
        del request
        return JSONResponse(totals(self._world.store))
