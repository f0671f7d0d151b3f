"""Control endpoints of the mailbox."""

from typing import Literal

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from app.sandbox.control import Body, read
from app.sandbox.mail.listener import refuse
from app.sandbox.world import World


class RefusalBody(Body):
    """Which recipients to refuse, how, and how often (always, when not said)."""

    address: str
    code: Literal[451, 550] = 550
    times: int | None = Field(default=None, ge=1)


class MailControl:
    """What can be done to the mail."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[BaseRoute]:
        """Return the addresses below `/_control`."""
        return [
            Route("/mail/refusals", self.refuse, methods=["POST"]),
            Route("/mail/refusals", self.accept, methods=["DELETE"]),
        ]

    async def refuse(self, request: Request) -> Response:
        """Refuse mail to an address from now on."""
        body = await read(request, RefusalBody)
        rule = refuse(self._world, body.address, body.code, body.times)
        self._world.store.flush()
        return JSONResponse(rule, status_code=201)

    async def accept(self, request: Request) -> Response:
        """Accept all mail again."""
        del request
        for rule in self._world.store.all("mail_refusal"):
            self._world.store.delete("mail_refusal", rule["address"])
        self._world.store.flush()
        return Response(status_code=204)
