"""Alipay's amounts: yuan as decimal text with two digits, never fen."""

from __future__ import annotations

import re
from typing import Any, Final

from app.core.errors import ProviderRefusedError
from app.core.money import Money

_YUAN: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?")
_FEN: Final = 10_000
"""Micros of the smallest amount Alipay moves."""


def to_yuan(amount: Money) -> str:
    """Write an amount; raises ``ProviderRefusedError`` for what Alipay cannot take."""
    if amount.currency != "CNY":
        raise ProviderRefusedError(f"Alipay cannot take {amount.currency}.")
    if amount.micros % _FEN or amount.micros < _FEN:
        raise ProviderRefusedError(f"Alipay cannot move {amount}.")
    return f"{amount.decimal():.2f}"


def from_yuan(text: Any) -> Money:
    """Read an amount; raises ``ValueError`` for anything but plain digits."""
    if not isinstance(text, str) or _YUAN.fullmatch(text) is None:
        raise ValueError(f"not an amount: {str(text)[:40]!r}")
    return Money.of(text, "CNY")
