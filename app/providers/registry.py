"""Which adapters this installation has: one line a provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.core.errors import ProviderDownError, ProviderRefusedError
from app.services.ports import Attachment, Mailer, NotificationSource, PaymentProvider
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


class UnconfiguredMailer:
    """Keeps mails in the outbox until an installation says how they leave."""

    async def send(
        self,
        *,
        to: str,
        subject: str,
        text: str,
        html: str,
        message_id: str,
        attachments: Sequence[Attachment] = (),
    ) -> None:
        """Refuse for now: the outbox keeps the mail and tries again."""
        raise ProviderDownError("Mail is not configured: set SMTP_HOST.")


def build_providers(settings: Settings) -> Registry:  # noqa: ARG001
    """Return the adapters that these settings configure."""
    return Registry({}, {})


def build_mailer(settings: Settings) -> Mailer:  # noqa: ARG001
    """Return the way mail leaves."""
    return UnconfiguredMailer()
