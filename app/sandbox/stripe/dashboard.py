"""The simulated Stripe dashboard: what there is, and the acts of an operator or a bank."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.pages.render import choice, go, show
from app.sandbox.store import Document
from app.sandbox.stripe import accounts, disputes, hosted, refunds
from app.sandbox.stripe.errors import StripeRefusal
from app.sandbox.world import World

_ROWS = 25
_ADDRESS = "/stripe/dashboard"


class Dashboard:
    """One page over the newest objects."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """Return the addresses of the dashboard."""
        return [
            Route(_ADDRESS, self.show, methods=["GET"]),
            Route(_ADDRESS, self.act, methods=["POST"]),
        ]

    def _newest(self, kind: str) -> list[Document]:
        return self._world.store.all(kind)[::-1][:_ROWS]

    async def show(self, request: Request) -> Response:
        """Show the newest payments, invoices, customers, accounts and notifications."""
        del request
        return self._page("")

    def _page(self, problem: str) -> Response:
        store = self._world.store
        sessions = [row for row in store.all("checkout.session") if self._is_alive(row)]
        return show(
            "stripe_dashboard.html",
            place="stripe",
            problem=problem,
            sessions=sessions[::-1][:_ROWS],
            charges=self._newest("charge"),
            disputes={row["charge"]: row for row in store.all("dispute")},
            names={row["id"]: row["name"] or row["email"] for row in store.all("customer")},
            invoices=self._newest("invoice"),
            accounts=self._newest("account"),
            transfers=self._newest("transfer"),
            balance=store.get("balance", "platform") or {},
            deliveries=[row for row in self._newest("delivery") if row["channel"] == "stripe"],
        )

    def _is_alive(self, session: Document) -> bool:
        return session["status"] == "open" or hosted.is_waiting(self._world, session)

    async def act(self, request: Request) -> Response:
        """Do what was asked, then show the page again."""
        action = await choice(request, "action")
        key = await choice(request, "id")
        try:
            self._act(action, key)
        except StripeRefusal as refusal:
            return self._page(str(refusal))
        finally:
            self._world.store.flush()
        return go(_ADDRESS)

    def _act(self, action: str, key: str) -> None:
        store = self._world.store
        if action == "redeliver":
            self._world.courier.redeliver(key)
        elif action == "refund" and (charge := store.get("charge", key)):
            refunds.refund(self._world, charge)
        elif action == "dispute" and (charge := store.get("charge", key)):
            disputes.dispute(self._world, charge)
        elif action in {"won", "lost"} and (made := store.get("dispute", key)):
            disputes.close(self._world, made, won=action == "won")
        elif action == "activate" and (account := store.get("account", key)):
            accounts.onboard(self._world, account)
        elif action == "restrict" and (account := store.get("account", key)):
            accounts.restrict(self._world, account)
