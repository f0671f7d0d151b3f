"""How answers write an amount: decimal text beside its currency, never a float."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, Field

from app.core.money import Money


class MoneyOut(BaseModel):
    """An amount."""

    amount: str = Field(examples=["12.34"])
    currency: str = Field(examples=["USD"])

    @classmethod
    def of(cls, money: Money) -> Self:
        """Write an amount."""
        return cls(amount=money.text(), currency=money.currency)
