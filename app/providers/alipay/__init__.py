"""Alipay: payments in yuan, payouts and notifications; its words stay in this folder."""

from collections.abc import Mapping

from app.providers.alipay.events import AlipayEvents
from app.providers.alipay.provider import AlipayProvider
from app.providers.alipay.settings import AlipaySettings
from app.providers.kinds import Built, Kind, Payment, Secret

__all__ = ["KIND", "AlipayEvents", "AlipayProvider", "AlipaySettings"]


def _make(values: Mapping[str, str]) -> AlipayProvider | None:
    settings = AlipaySettings.model_validate(values)
    return AlipayProvider(settings) if settings.is_configured else None


def _listen() -> list[AlipayEvents]:
    return [AlipayEvents(AlipaySettings())]  # pyright: ignore[reportCallIssue]


def _build() -> Built:
    adapter = _make({})
    return Built(adapter, _listen()) if adapter else Built()


SECRET = Secret("private_key", "ALIPAY_PRIVATE_KEY", "ALIPAY_PRIVATE_KEY_FILE")
KIND = Kind(AlipaySettings, _build, Payment(AlipayProvider, [SECRET], _make, _listen))
