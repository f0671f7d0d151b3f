"""Stripe: cards on file, invoices, payouts and notifications; its words stay in this folder."""

from app.providers.stripe.amounts import from_minor, to_minor
from app.providers.stripe.events import StripeEvents
from app.providers.stripe.provider import StripeProvider
from app.providers.stripe.settings import StripeSettings

__all__ = ["StripeEvents", "StripeProvider", "StripeSettings", "from_minor", "to_minor"]
