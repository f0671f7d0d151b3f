"""Which adapters this installation has: one line an outside system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast

from pydantic_settings import BaseSettings

from app.core.errors import ProviderDownError, ProviderRefusedError
from app.providers import alipay, resend, smtp, stripe
from app.providers.kinds import Adapter, Found, Kind, Payment, Sender, in_environment, tried
from app.providers.remote import ExecutorClient, RemoteProvider
from app.providers.vaulted import Desk, VaultedProvider
from app.services.ports import Attachment, Mailer, NotificationSource, PaymentProvider

KINDS: Final[tuple[Kind, ...]] = (stripe.KIND, alipay.KIND, resend.KIND, smtp.KIND)
"""Every outside system; of several that could send mail, the first that is configured does."""

SETTINGS: Final[tuple[type[BaseSettings], ...]] = tuple(kind.settings for kind in KINDS)
"""Every adapter's settings, so that none stays undocumented."""


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

    async def check(self) -> None:
        """Say what to do."""
        raise ProviderDownError("Mail is not configured: set SMTP_HOST or RESEND_API_KEY.")

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
        await self.check()


def build_providers(
    *, desk: Desk | None = None, executor: ExecutorClient | None = None
) -> Registry:
    """Return the adapters of this process; raises ``ValueError`` for broken settings.

    With a desk their secrets come from the vault, the environment's standing in for what it lacks.
    With an executor they are remote and no secret is here. With neither, the environment decides.
    """
    if desk is None and executor is None:
        built = [kind.build() for kind in KINDS]
        direct = {one.adapter.slug: one.adapter for one in built if one.adapter is not None}
        return Registry(direct, {source.slug: source for one in built for source in one.sources})
    sources = [source for kind in KINDS for source in _sources(kind)]
    payments: dict[str, Adapter] = {}
    for one in payment_kinds():
        made = VaultedProvider(one, desk) if desk else RemoteProvider(one, _given(executor))
        payments[one.slug] = cast("Adapter", made)
    return Registry(payments, {source.slug: source for source in sources})


def payment_kinds() -> list[Payment]:
    """Return every payment provider there is, configured or not."""
    return [kind.payment for kind in KINDS if kind.payment is not None]


def secrets_in_environment() -> list[Found]:
    """Return the provider secrets that lie in this process' environment; raises ``ValueError``."""
    return [found for kind in KINDS for found in in_environment(kind)]


def _sources(kind: Kind) -> Sequence[NotificationSource]:
    return kind.payment.listen() if kind.payment else kind.build().sources


def _given(executor: ExecutorClient | None) -> ExecutorClient:
    assert executor is not None  # noqa: S101 - one of the two was given
    return executor


def build_mailer(sender: str) -> Mailer:
    """Return the way mail leaves."""
    return _sender(sender)


async def examine(sender: str, registry: Registry | None = None) -> dict[str, str]:
    """Try everything that is configured; returns by name what is wrong, empty where nothing is.

    A payment provider without a source of notifications is wrong: no payment is ever confirmed.
    """
    registry = registry or build_providers()
    found = {"mail": await tried(_sender(sender)) or ""}
    for slug, adapter in registry.payments.items():
        deaf = [
            name
            for name, source in registry.sources.items()
            if name.partition("-")[0] == slug and not source.is_configured
        ]
        silent = (
            f"No secret is set for {', '.join(deaf)}: nothing is ever confirmed." if deaf else ""
        )
        wrong = await tried(adapter)
        if wrong is None:
            continue
        found[slug] = wrong or silent
    await registry.close()
    return found


def _sender(sender: str) -> Sender:
    for kind in KINDS:
        make = kind.build().sender
        if make is not None:
            return make(sender)
    return UnconfiguredMailer()
