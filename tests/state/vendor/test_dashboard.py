"""The dashboard of a vendor that is not live, and of one that is."""

from __future__ import annotations

from app.services.context import Context
from models.person import Person
from models.tenant import Tenant
from state.vendor.dashboard import DashboardState
from tests.state.conftest import Tab


async def shown(tab: Tab) -> DashboardState:
    tab.go("/vendor")
    state = await tab.state(DashboardState)
    await state.load()
    return state


async def test_before_an_account_is_live_nothing_is_reckoned(
    ctx: Context, tab: Tab, vendor: Tenant, owner: Person
) -> None:
    vendor.activated_at = None
    await ctx.db.commit()
    state = await shown(tab)
    assert (state.is_live, state.needs_onboarding) == (False, True)
    assert (state.active, state.users, state.estimate, state.share) == ("0", "0", "–", "–")


async def test_once_it_is_live_the_running_month_has_its_arithmetic(
    ctx: Context, tab: Tab, vendor: Tenant
) -> None:
    state = await shown(tab)
    assert state.is_live
    assert (state.why.quantity, state.why.price, state.why.amount) == ("0", "$2.50", "$0.00")
    assert state.estimate == "$0.00"
