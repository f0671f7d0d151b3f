"""Alipay: payments in yuan, payouts and notifications; its words stay in this folder."""

from app.providers.alipay.events import AlipayEvents
from app.providers.alipay.provider import AlipayProvider
from app.providers.alipay.settings import AlipaySettings

__all__ = ["AlipayEvents", "AlipayProvider", "AlipaySettings"]
