"""What a vendor pays for an active device, with the day each price begins."""

import datetime as dt
from uuid import UUID

from sqlalchemy import BigInteger, Date, UniqueConstraint
from sqlmodel import Field

from app.core.ids import new_id
from app.core.money import Money
from models.base import Table, UtcDateTime


class PriceContract(Table, table=True):
    """One price from one day on; rows are added, never changed, so that old invoices keep theirs."""

    __table_args__ = (UniqueConstraint("tenant_id", "starts_on"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    tenant_id: UUID = Field(foreign_key="tenant.id")
    price_micros: int = Field(sa_type=BigInteger)
    currency: str = Field(max_length=3)
    starts_on: dt.date = Field(sa_type=Date)
    announced_at: dt.datetime = Field(sa_type=UtcDateTime)
    reason: str = ""
    created_by: str = ""

    @property
    def price(self) -> Money:
        """The price of one active device a month."""
        return Money(self.price_micros, self.currency)
