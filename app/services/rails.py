"""Which adapter serves which way of paying."""

from __future__ import annotations

from typing import Final

from models.tenant import Rail

PROVIDER_OF: Final = {Rail.CARD: "stripe", Rail.INVOICE: "alipay"}
"""The slug of the adapter behind each rail; another installation may name others here."""

CURRENCY_OF: Final = {Rail.CARD: "USD", Rail.INVOICE: "CNY"}
"""The currency a new vendor gets with the rail it chooses."""

MANUAL: Final = "manual"
"""The provider of a payment that an operator wrote down."""
