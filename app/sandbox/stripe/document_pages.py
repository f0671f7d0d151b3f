"""Hosted invoices, their PDF twins, and the billing portal."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox.pages.paper import plain_pdf
from app.sandbox.pages.render import choice, go, moment, money, show
from app.sandbox.store import Document
from app.sandbox.stripe.cards import BY_KEY, CARDS, new_card
from app.sandbox.stripe.customers import attach, detach
from app.sandbox.stripe.invoice_items import lines_of
from app.sandbox.stripe.invoice_payments import charge_invoice
from app.sandbox.world import World


class DocumentPages:
    """What a customer reaches by a link in a document."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """Return the addresses of these pages."""
        return [
            Route("/stripe/invoices/{id}", self.invoice, methods=["GET"]),
            Route("/stripe/invoices/{id}", self.pay_invoice, methods=["POST"]),
            Route("/stripe/invoices/{id}/pdf", self.invoice_pdf, methods=["GET"]),
            Route("/stripe/credit_notes/{id}/pdf", self.credit_note_pdf, methods=["GET"]),
            Route("/stripe/portal/{id}", self.portal, methods=["GET"]),
            Route("/stripe/portal/{id}", self.act_in_portal, methods=["POST"]),
        ]

    def _get(self, request: Request, kind: str) -> Document | None:
        return self._world.store.get(kind, request.path_params["id"])

    async def invoice(self, request: Request) -> Response:
        """Show an invoice, with a form to pay it while it is open."""
        invoice = self._get(request, "invoice")
        if invoice is None or invoice["status"] == "draft":
            return _unknown()
        return self._invoice(invoice, "")

    def _invoice(self, invoice: Document, problem: str) -> Response:
        lines = lines_of(self._world.store, invoice)
        return show("invoice.html", invoice=invoice, lines=lines, cards=CARDS, problem=problem)

    async def pay_invoice(self, request: Request) -> Response:
        """Pay an open invoice on its page."""
        invoice = self._get(request, "invoice")
        if invoice is None or invoice["status"] == "draft":
            return _unknown()
        action = await choice(request, "action")
        if invoice["status"] != "open" or action not in {"pay", "decline"}:
            return self._invoice(invoice, "")
        chosen = BY_KEY.get(await choice(request, "card"), CARDS[0])
        card = new_card(chosen, self._world.clock.now())
        self._world.store.put("payment_method", card["id"], card)
        forced = "generic_decline" if action == "decline" else None
        decline = charge_invoice(self._world, invoice, card, off_session=False, forced=forced)
        self._world.store.flush()
        return self._invoice(invoice, decline.message if decline else "")

    async def invoice_pdf(self, request: Request) -> Response:
        """Return a bare PDF of an invoice."""
        invoice = self._get(request, "invoice")
        if invoice is None or invoice["number"] is None:
            return _unknown()
        lines = [
            f"Simulated Stripe invoice {invoice['number']}",
            f"For {invoice['customer_name'] or invoice['customer']}",
            "",
            *(
                f"{line['description'] or 'Item'}: {money(line['amount'], line['currency'])}"
                for line in lines_of(self._world.store, invoice)[:30]
            ),
            "",
            f"Total {money(invoice['total'], invoice['currency'])}, {invoice['status']}",
        ]
        return Response(plain_pdf(lines), media_type="application/pdf")

    async def credit_note_pdf(self, request: Request) -> Response:
        """Return a bare PDF of a credit note."""
        note = self._get(request, "credit_note")
        if note is None:
            return _unknown()
        lines = [
            f"Simulated Stripe credit note {note['number']}",
            moment(note["created"]),
            "",
            f"Total {money(note['amount'], note['currency'])}",
        ]
        return Response(plain_pdf(lines), media_type="application/pdf")

    async def portal(self, request: Request) -> Response:
        """Show a customer's saved cards."""
        session = self._get(request, "billing_portal.session")
        if session is None:
            return _unknown()
        customer = self._world.store.need("customer", session["customer"])
        methods = self._world.store.where("payment_method", customer=customer["id"])
        return show(
            "portal.html",
            session=session,
            customer=customer,
            methods=methods,
            default=customer["invoice_settings"]["default_payment_method"],
            cards=CARDS,
        )

    async def act_in_portal(self, request: Request) -> Response:
        """Add, prefer or remove a card."""
        session = self._get(request, "billing_portal.session")
        if session is None:
            return _unknown()
        customer = self._world.store.need("customer", session["customer"])
        action = await choice(request, "action")
        key = await choice(request, "method")
        method = self._world.store.get("payment_method", key)
        if action == "add":
            card = new_card(
                BY_KEY.get(await choice(request, "card"), CARDS[0]), self._world.clock.now()
            )
            attach(self._world, card, customer["id"])
        elif method is not None and method["customer"] == customer["id"]:
            if action == "remove":
                detach(self._world, method)
            elif action == "prefer":
                customer["invoice_settings"]["default_payment_method"] = method["id"]
                self._world.store.put("customer", customer["id"], customer)
        self._world.store.flush()
        return go(f"/stripe/portal/{session['id']}")


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
