"""Stripe: cards on file, invoices, payouts and notifications; its words stay in this folder."""

from app.providers.kinds import Built, Kind
from app.providers.stripe.amounts import from_minor, to_minor
from app.providers.stripe.events import CONNECT, StripeEvents
from app.providers.stripe.provider import StripeProvider
from app.providers.stripe.settings import StripeSettings

__all__ = ["KIND", "StripeEvents", "StripeProvider", "StripeSettings", "from_minor", "to_minor"]


def _build() -> Built:
    settings = StripeSettings()  # pyright: ignore[reportCallIssue]
    if not settings.secret_key.get_secret_value():
        return Built()
    secrets = {
        StripeProvider.slug: settings.webhook_secret,
        CONNECT: settings.connect_webhook_secret,
    }
    sources = [
        StripeEvents(slug, secret.get_secret_value(), is_live=settings.is_live)
        for slug, secret in secrets.items()
    ]
    return Built(StripeProvider(settings), sources)


KIND = Kind(StripeSettings, _build)
