"""Stripe: cards on file, invoices, payouts and notifications; its words stay in this folder."""

from collections.abc import Mapping

from app.providers.kinds import Built, Kind, Payment, Secret
from app.providers.stripe.amounts import from_minor, to_minor
from app.providers.stripe.events import CONNECT, StripeEvents
from app.providers.stripe.provider import StripeProvider
from app.providers.stripe.settings import StripeSettings

__all__ = ["KIND", "StripeEvents", "StripeProvider", "StripeSettings", "from_minor", "to_minor"]


def _make(values: Mapping[str, str]) -> StripeProvider | None:
    settings = StripeSettings.model_validate(values)
    # Who listens to notifications does not see a key from the vault: both must believe the same.
    if values and settings.is_live is not _without_key().is_live:
        kind, wanted = ("live", "true") if settings.is_live else ("test", "false")
        raise ValueError(f"the vault holds a {kind} key, so set STRIPE_LIVE={wanted}")
    return StripeProvider(settings) if settings.secret_key.get_secret_value() else None


def _without_key() -> StripeSettings:
    return StripeSettings.model_validate({"STRIPE_SECRET_KEY": ""})


def _listen() -> list[StripeEvents]:
    settings = StripeSettings()  # pyright: ignore[reportCallIssue]
    secrets = {
        StripeProvider.slug: settings.webhook_secret,
        CONNECT: settings.connect_webhook_secret,
    }
    return [
        StripeEvents(slug, secret.get_secret_value(), is_live=settings.is_live)
        for slug, secret in secrets.items()
    ]


def _build() -> Built:
    adapter = _make({})
    return Built(adapter, _listen()) if adapter else Built()


SECRET = Secret("secret_key", "STRIPE_SECRET_KEY")
KIND = Kind(StripeSettings, _build, Payment(StripeProvider, [SECRET], _make, _listen))
