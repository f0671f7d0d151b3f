"""The adapter as a whole."""

from __future__ import annotations

from app.providers.stripe.amounts import EXPONENTS
from app.providers.stripe.api import SECONDS, Api, ask
from app.providers.stripe.invoices import Invoices
from app.providers.stripe.pages import Pages
from app.providers.stripe.payouts import Payouts
from app.providers.stripe.settings import StripeSettings


class StripeProvider(Pages, Invoices, Payouts):
    """Implements ``PaymentProvider``."""

    slug = "stripe"
    currencies = frozenset(EXPONENTS)
    can_store_method = True
    can_invoice = True
    can_pay_out = True

    def __init__(
        self, settings: StripeSettings, *, seconds: float = SECONDS, retries: int | None = None
    ) -> None:
        repeats = settings.retries if retries is None else retries
        super().__init__(Api(settings, seconds=seconds, retries=repeats))

    async def close(self) -> None:
        """Give back every connection."""
        await self._api.close()

    async def check(self) -> None:
        """Ask for one customer: it shows that Stripe answers and accepts our key."""
        await ask(self._api.v1.customers.list_async({"limit": 1}))
