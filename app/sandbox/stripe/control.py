"""Control endpoints of the Stripe double: what happens in its dashboard and at the banks."""

from typing import Literal

from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from app.sandbox.control import Body, read
from app.sandbox.store import Document
from app.sandbox.stripe import accounts, disputes, refunds
from app.sandbox.stripe.errors import StripeRefusal
from app.sandbox.stripe.money import book, totals
from app.sandbox.world import World


class DeclineBody(Body):
    """The decline code every charge of a customer gets from now on; null takes it back."""

    code: str | None = "generic_decline"


class TargetBody(Body):
    """Which payment is meant, named by its charge, its PaymentIntent or its invoice."""

    charge: str | None = None
    payment_intent: str | None = None
    invoice: str | None = None


class RefundBody(TargetBody):
    """A refund; all that is left when no amount is given."""

    amount: int | None = Field(default=None, ge=1)


class DisputeBody(TargetBody):
    """A dispute and its reason."""

    reason: str = "fraudulent"


class CloseBody(Body):
    """How a dispute ends for us."""

    status: Literal["won", "lost"]


class BounceBody(Body):
    """Why a refund came back."""

    reason: str = "lost_or_stolen_card"


class AccountBody(Body):
    """What becomes of a connected account."""

    state: Literal["active", "in_review", "restricted"]


class PayoutBody(Body):
    """A payout that fails; the whole balance when no amount is given."""

    amount: int | None = Field(default=None, ge=1)


class BalanceBody(Body):
    """Money added to, or with a minus taken from, the platform's balance."""

    currency: str
    amount: int


class StripeControl:
    """What can be done to Stripe from behind the scenes."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[BaseRoute]:
        """Return the addresses below `/_control`."""
        return [
            Route("/stripe/totals", self.totals, methods=["GET"]),
            Route("/stripe/balance", self.balance, methods=["POST"]),
            Route("/stripe/customers/{id}/decline", self.decline, methods=["POST"]),
            Route("/stripe/refunds", self.refund, methods=["POST"]),
            Route("/stripe/refunds/{id}/fail", self.bounce, methods=["POST"]),
            Route("/stripe/disputes", self.dispute, methods=["POST"]),
            Route("/stripe/disputes/{id}/close", self.close, methods=["POST"]),
            Route("/stripe/accounts/{id}", self.account, methods=["POST"]),
            Route("/stripe/accounts/{id}/payout-failure", self.payout, methods=["POST"]),
        ]

    def _here(self, request: Request, kind: str) -> Document:
        found = self._world.store.get(kind, request.path_params["id"])
        if found is None:
            raise HTTPException(404, f"No such {kind}.")
        return found

    def _done(self, document: Document, status: int = 200) -> Response:
        self._world.store.flush()
        return JSONResponse(document, status_code=status)

    def _charge(self, body: TargetBody) -> Document:
        intent = body.payment_intent
        if body.invoice is not None:
            payments = self._world.store.where("invoice_payment", invoice=body.invoice)
            intent = payments[0]["payment"]["payment_intent"] if payments else None
        try:
            return refunds.charge_of(self._world, charge=body.charge, intent=intent)
        except StripeRefusal as refusal:
            raise HTTPException(404, str(refusal)) from refusal

    async def totals(self, request: Request) -> Response:
        """Count charges and refunds by customer and by invoice."""
        del request
        return JSONResponse(totals(self._world.store))

    async def balance(self, request: Request) -> Response:
        """Change the platform's balance."""
        body = await read(request, BalanceBody)
        book(self._world.store, "platform", body.currency.lower(), body.amount)
        return self._done(self._world.store.need("balance", "platform"))

    async def decline(self, request: Request) -> Response:
        """Decide whether a customer's charges fail, whatever the card."""
        body = await read(request, DeclineBody)
        customer = self._here(request, "customer")
        if body.code is None:
            self._world.store.delete("decline", customer["id"])
        else:
            self._world.store.put("decline", customer["id"], {"code": body.code})
        return self._done({"customer": customer["id"], "code": body.code})

    async def refund(self, request: Request) -> Response:
        """Refund from the dashboard, without the product knowing."""
        body = await read(request, RefundBody)
        try:
            made = refunds.refund(self._world, self._charge(body), body.amount)
        except StripeRefusal as refusal:
            raise HTTPException(409, str(refusal)) from refusal
        return self._done(made, 201)

    async def bounce(self, request: Request) -> Response:
        """Let a refund fail after the fact."""
        body = await read(request, BounceBody)
        made = self._here(request, "refund")
        refunds.bounce(self._world, made, body.reason)
        return self._done(made)

    async def dispute(self, request: Request) -> Response:
        """Let a customer's bank take a payment back."""
        body = await read(request, DisputeBody)
        try:
            made = disputes.dispute(self._world, self._charge(body), body.reason)
        except StripeRefusal as refusal:
            raise HTTPException(409, str(refusal)) from refusal
        return self._done(made, 201)

    async def close(self, request: Request) -> Response:
        """Let the bank decide a dispute."""
        body = await read(request, CloseBody)
        made = self._here(request, "dispute")
        try:
            disputes.close(self._world, made, won=body.status == "won")
        except StripeRefusal as refusal:
            raise HTTPException(409, str(refusal)) from refusal
        return self._done(made)

    async def account(self, request: Request) -> Response:
        """Change what a connected account may do, as after a review."""
        body = await read(request, AccountBody)
        account = self._here(request, "account")
        act = {
            "active": accounts.onboard,
            "in_review": accounts.review,
            "restricted": accounts.restrict,
        }
        act[body.state](self._world, account)
        return self._done(account)

    async def payout(self, request: Request) -> Response:
        """Let a connected account's payout to its bank fail."""
        body = await read(request, PayoutBody)
        account = self._here(request, "account")
        return self._done(accounts.fail_payout(self._world, account, body.amount), 201)
