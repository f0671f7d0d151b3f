"""Alipay: payments in yuan, payouts and notifications; its words stay in this folder."""

from app.providers.alipay.events import AlipayEvents
from app.providers.alipay.provider import AlipayProvider
from app.providers.alipay.settings import AlipaySettings
from app.providers.kinds import Built, Kind

__all__ = ["KIND", "AlipayEvents", "AlipayProvider", "AlipaySettings"]


def _build() -> Built:
    settings = AlipaySettings()  # pyright: ignore[reportCallIssue]
    if not settings.is_configured:
        return Built()
    return Built(AlipayProvider(settings), [AlipayEvents(settings)])


KIND = Kind(AlipaySettings, _build)
