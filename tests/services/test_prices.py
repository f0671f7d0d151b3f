"""Prices: within the range, announced in time, and never changed behind an old invoice."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator

import pytest

from app.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from app.core.ids import new_id
from app.core.money import Money
from app.services import prices
from app.services.context import Context
from models.person import Role
from tests.factories import as_ops, as_vendor, make_vendor
from tests.money_kit import close_books, mails, usd

FEBRUARY = dt.date(2027, 2, 1)


@pytest.fixture(autouse=True)
async def books(ctx: Context) -> AsyncGenerator[None]:
    """After each test the books are in order, and every mail it caused can be written."""
    yield
    await close_books(ctx)


async def test_a_rise_is_announced_sixty_days_ahead_and_mailed(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    ops = as_ops(ctx, Role.OPS_OPERATOR)
    with pytest.raises(InvalidInputError) as caught:
        await prices.set_price(ops, tenant.id, usd("3"), dt.date(2027, 1, 1))
    assert [path for path, _ in caught.value.fields] == ["starts_on"]
    await prices.set_price(ops, tenant.id, usd("3"), FEBRUARY, reason="New costs")
    mail = (await mails(ctx, "price_change_notice"))[0]
    assert mail.payload == {
        "old_price": "2.50 USD",
        "new_price": "3.00 USD",
        "effective_on": "2027-02-01",
        "url": "/vendor/settings",
    }
    me = as_vendor(ctx, tenant)
    assert (await prices.price_in_force(me, tenant.id)).price == usd("2.50")
    later = await prices.price_in_force(me, tenant.id, FEBRUARY)
    assert later.price == usd("3")
    assert [row.price for row in await prices.history(me, tenant.id)] == [usd("3"), usd("2.50")]
    with pytest.raises(ConflictError):
        await prices.set_price(ops, tenant.id, usd("2.75"), FEBRUARY)


async def test_a_lower_price_may_start_at_once(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    await prices.set_price(as_ops(ctx), tenant.id, usd("2"), dt.date(2026, 11, 1))
    assert (await prices.price_in_force(ctx, tenant.id)).price == usd("2")


@pytest.mark.parametrize("price", ["1.99", "3.01", "2.505"])
async def test_a_price_outside_the_range_is_refused(ctx: Context, price: str) -> None:
    tenant = await make_vendor(ctx)
    with pytest.raises(InvalidInputError):
        await prices.set_price(as_ops(ctx), tenant.id, usd(price), FEBRUARY)


async def test_a_price_is_in_the_tenants_currency(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    with pytest.raises(InvalidInputError, match="USD"):
        await prices.set_price(as_ops(ctx), tenant.id, Money.of("17.50", "CNY"), FEBRUARY)


async def test_strangers_neither_read_nor_set_prices(ctx: Context) -> None:
    tenant, other = await make_vendor(ctx), await make_vendor(ctx)
    for who in (as_vendor(ctx, other), as_vendor(ctx, tenant), as_ops(ctx, Role.OPS_VIEWER)):
        with pytest.raises(ForbiddenError):
            await prices.set_price(who, tenant.id, usd("2"), FEBRUARY)
    with pytest.raises(ForbiddenError):
        await prices.history(as_vendor(ctx, other), tenant.id)
    with pytest.raises(NotFoundError):
        await prices.set_price(as_ops(ctx), new_id(), usd("2"), FEBRUARY)
