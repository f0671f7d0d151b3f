"""Which adapters this installation has: one line a provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from pydantic_settings import BaseSettings

from app.core.errors import ProviderDownError, ProviderRefusedError
from app.providers.alipay import AlipayEvents, AlipayProvider, AlipaySettings
from app.providers.resend import ResendEvents, ResendMailer, ResendSettings
from app.providers.smtp import SmtpMailer, SmtpSettings
from app.providers.stripe import StripeEvents, StripeProvider, StripeSettings
from app.services.ports import Attachment, Mailer, NotificationSource, PaymentProvider


class Adapter(PaymentProvider, Protocol):
    """A payment provider that keeps connections open."""

    async def close(self) -> None:
        """Give back every connection."""
        ...


class Registry:
    """The configured adapters, by slug."""

    def __init__(
        self, payments: Mapping[str, Adapter], sources: Mapping[str, NotificationSource]
    ) -> None:
        self.payments = payments
        self.sources = sources

    def payment(self, slug: str) -> PaymentProvider:
        """Return an adapter; raises ``ProviderRefusedError`` when it is not configured."""
        if slug not in self.payments:
            raise ProviderRefusedError(
                f"{slug or 'This payment method'} is not set up here.",
                reason="provider_not_configured",
            )
        return self.payments[slug]

    def source(self, slug: str) -> NotificationSource | None:
        """Return who verifies notifications for an address; None without a secret."""
        source = self.sources.get(slug)
        return source if source and source.is_configured else None

    async def close(self) -> None:
        """Give back every connection, at the end of the process."""
        for adapter in self.payments.values():
            await adapter.close()


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
        raise ProviderDownError("Mail is not configured: set SMTP_HOST or RESEND_API_KEY.")


def build_providers() -> Registry:
    """Return the adapters that the environment configures."""
    payments: dict[str, Adapter] = {}
    sources: list[NotificationSource] = []
    card = StripeSettings()  # pyright: ignore[reportCallIssue]
    if card.secret_key.get_secret_value():
        payments["stripe"] = StripeProvider(card)
        for slug, secret in (
            ("stripe", card.webhook_secret),
            ("stripe-connect", card.connect_webhook_secret),
        ):
            sources.append(StripeEvents(slug, secret.get_secret_value(), is_live=card.is_live))
    wallet = AlipaySettings()  # pyright: ignore[reportCallIssue]
    if wallet.is_configured:
        payments["alipay"] = AlipayProvider(wallet)
        sources.append(AlipayEvents(wallet))
    sources.append(ResendEvents(ResendSettings().webhook_secret.get_secret_value()))  # pyright: ignore[reportCallIssue]
    return Registry(payments, {source.slug: source for source in sources})


def build_mailer(sender: str) -> Mailer:
    """Return the way mail leaves."""
    service = ResendSettings()  # pyright: ignore[reportCallIssue]
    if service.api_key.get_secret_value():
        return ResendMailer(service, sender)
    settings = SmtpSettings()  # pyright: ignore[reportCallIssue]
    return SmtpMailer(settings, sender) if settings.host else UnconfiguredMailer()


SETTINGS: tuple[type[BaseSettings], ...] = (
    StripeSettings,
    AlipaySettings,
    SmtpSettings,
    ResendSettings,
)
"""Every adapter's settings, so that none stays undocumented."""
