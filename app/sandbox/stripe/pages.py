"""The hosted pages a customer sees: Checkout for paying and for saving a card."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.pages.render import choice, go, show
from app.sandbox.store import Document
from app.sandbox.stripe import hosted
from app.sandbox.stripe.cards import BY_KEY, CARDS
from app.sandbox.world import World


class CheckoutPages:
    """The hosted Checkout."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """Return the addresses of these pages."""
        return [
            Route("/stripe/checkout/{session_id}", self.show, methods=["GET"]),
            Route("/stripe/checkout/{session_id}", self.act, methods=["POST"]),
        ]

    def _session(self, request: Request) -> Document | None:
        return self._world.store.get("checkout.session", request.path_params["session_id"])

    async def show(self, request: Request) -> Response:
        """Show the page, or what became of it."""
        session = self._session(request)
        if session is None:
            return _closed("There is no such page", "The address is wrong or incomplete.", 404)
        if session["status"] == "open":
            return self._page(session, "")
        if hosted.is_waiting(self._world, session):
            return show(
                "message.html",
                provider="Stripe",
                title="Waiting for the bank",
                text="The customer was told that this takes a few days. Decide here how it ends.",
                choices=[("succeed", "Let it succeed"), ("fail", "Let it fail")],
                address=hosted.success_address(session),
            )
        if session["status"] == "expired":
            return _closed("This page has expired", "Start again from the product.", 410)
        return _closed(
            "This is already done",
            "Nothing will be charged again.",
            200,
            hosted.success_address(session),
        )

    def _page(self, session: Document, problem: str) -> Response:
        lines = self._world.store.need("checkout_lines", session["id"])["data"]
        return show("checkout.html", session=session, lines=lines, cards=CARDS, problem=problem)

    async def act(self, request: Request) -> Response:
        """Do what the customer chose, then send them back to the product."""
        session = self._session(request)
        if session is None:
            return await self.show(request)
        action = await choice(request, "action")
        try:
            if action in {"succeed", "fail"}:
                return self._settle(session, good=action == "succeed")
            if session["status"] != "open":
                return await self.show(request)
            card = BY_KEY.get(await choice(request, "card", CARDS[0].key), CARDS[0])
            return self._act_open(session, action, card.key)
        finally:
            self._world.store.flush()

    def _act_open(self, session: Document, action: str, card_key: str) -> Response:
        card = BY_KEY[card_key]
        back = session["cancel_url"]
        match action:
            case "pay":
                if hosted.pay(self._world, session, card):
                    return go(hosted.success_address(session))
                return self._page(session, "Your card was declined.")
            case "pending":
                hosted.wait(self._world, session, card)
                return go(hosted.success_address(session))
            case "decline":
                hosted.decline(self._world, session, card)
                return go(back) if back else self._page(session, "Your card was declined.")
            case "expire":
                hosted.close(self._world, session)
                if back:
                    return go(back)
                return _closed("This page has expired", "Start again from the product.", 410)
            case _:
                return self._page(session, "Choose one of the buttons.")

    def _settle(self, session: Document, *, good: bool) -> Response:
        if hosted.is_waiting(self._world, session):
            hosted.settle(self._world, session, good=good)
        return _closed(
            "Settled",
            "The product has been told that the payment " + ("succeeded." if good else "failed."),
            200,
            hosted.success_address(session),
        )


def _closed(title: str, text: str, status: int, address: str = "") -> Response:
    return show(
        "message.html",
        status=status,
        provider="Stripe",
        title=title,
        text=text,
        choices=[],
        address=address,
    )
