"""The hosted onboarding of a connected account."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.clock import wall_time
from app.sandbox.pages.render import choice, go, show
from app.sandbox.store import Document
from app.sandbox.stripe import accounts
from app.sandbox.world import World


class ConnectPages:
    """Onboarding, as a vendor sees it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """Return the addresses of these pages."""
        return [
            Route("/stripe/connect/{account_id}/{token}", self.show, methods=["GET"]),
            Route("/stripe/connect/{account_id}/{token}", self.act, methods=["POST"]),
        ]

    def _link(self, request: Request) -> tuple[Document, Document] | None:
        link = self._world.store.get("account_link", request.path_params["token"])
        if link is None or link["account"] != request.path_params["account_id"]:
            return None
        return link, self._world.store.need("account", link["account"])

    async def show(self, request: Request) -> Response:
        """Show the page; a link that is used up or too old leads to the refresh address."""
        found = self._link(request)
        if found is None:
            return _unknown()
        link, account = found
        if link["used"] or link["expires_at"] < wall_time():
            return go(link["refresh_url"])
        return show("onboarding.html", account=account, link=link)

    async def act(self, request: Request) -> Response:
        """Do what the vendor chose, then send them back."""
        found = self._link(request)
        if found is None:
            return _unknown()
        link, account = found
        if link["used"] or link["expires_at"] < wall_time():
            return go(link["refresh_url"])
        action = await choice(request, "action")
        match action:
            case "pay":
                accounts.onboard(self._world, account)
            case "pending":
                accounts.review(self._world, account)
            case "decline":
                accounts.restrict(self._world, account)
            case "expire" | "leave":
                pass
            case _:
                return show("onboarding.html", account=account, link=link)
        link["used"] = True
        self._world.store.put("account_link", request.path_params["token"], link)
        self._world.store.flush()
        return go(link["refresh_url"] if action == "expire" else link["return_url"])


def _unknown() -> Response:
    return show(
        "message.html",
        status=404,
        provider="Stripe",
        title="There is no such page",
        text="The address is wrong or incomplete.",
        choices=[],
        address="",
    )
