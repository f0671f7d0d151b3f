"""Which adapters this installation has: one line a provider."""

from __future__ import annotations

from collections.abc import Mapping

from app.core.errors import ProviderRefusedError
from app.services.ports import Mailer, NotificationSource, PaymentProvider
from app.settings import Settings


class Registry:
    """The configured adapters, by slug."""

    def __init__(
        self, payments: Mapping[str, PaymentProvider], sources: Mapping[str, NotificationSource]
    ) -> None:
        self._payments = payments
        self._sources = sources

    def payment(self, slug: str) -> PaymentProvider:
        """Return an adapter; raises ``ProviderRefusedError`` when it is not configured."""
        if slug not in self._payments:
            raise ProviderRefusedError(
                f"{slug or 'This payment method'} is not set up here.",
                reason="provider_not_configured",
            )
        return self._payments[slug]

    def source(self, slug: str) -> NotificationSource | None:
        """Return who verifies notifications for an address; None without a secret."""
        source = self._sources.get(slug)
        return source if source and source.is_configured else None


def build_providers(settings: Settings) -> Registry:
    """Return the adapters that these settings configure."""
    return Registry({}, {})


def build_mailer(settings: Settings) -> Mailer:
    """Return the way mail leaves."""
    raise NotImplementedError
