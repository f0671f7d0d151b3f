"""The vendor's payouts, and the account they go to."""

from __future__ import annotations

from typing import Final

import reflex as rx

from app.services import activity_pulse, onboarding, payout_accounts, revenue_lists
from components.tables import PageInfo
from state.browsing import asked_page, view
from state.session import acting
from state.vendor.payout_rows import AccountWords, PayoutRow, to_account, to_payout
from state.vendor.revenue import PATH

SIZE: Final = 12


class PayoutsState(rx.State):
    """A year of payouts at a time; the address says which."""

    is_loaded: bool = False
    account: AccountWords = AccountWords()
    rows: list[PayoutRow] = []
    page: PageInfo = PageInfo()
    _pulse: str = ""

    @rx.event
    async def load(self) -> None:
        """Show the payouts and where they go."""
        await self._show(asked_page(self, "payouts"))

    @rx.event
    async def turn_to(self, number: int) -> rx.event.EventSpec:
        """Show another page of the payouts."""
        async with acting(self, readonly=True):
            here = view(self, PATH, {"payouts": max(1, number)}, is_same_list=True)
            return rx.redirect(here, replace=True)

    @rx.event
    async def set_up(self) -> rx.event.EventSpec:
        """Lead to the page where the vendor proves its account; coming back proves nothing."""
        async with acting(self) as ctx:
            return rx.redirect(await payout_accounts.start_onboarding(ctx))

    @rx.event
    async def tick(self) -> None:
        """Move by itself when a payout is made or the account becomes ready."""
        async with acting(self, readonly=True) as ctx:
            pulse = await activity_pulse.of_tenant(ctx)
        if self.is_loaded and pulse != self._pulse:
            await self._show(self.page.number)

    async def _show(self, number: int) -> None:
        async with acting(self, readonly=True) as ctx:
            self._pulse = await activity_pulse.of_tenant(ctx)
            tenant = await onboarding.own_tenant(ctx)
            account = await payout_accounts.state(ctx)
            found = await revenue_lists.payouts_page(ctx, offset=(number - 1) * SIZE, limit=SIZE)
        self.account = to_account(account, tenant.rail)
        self.rows = [to_payout(one, tenant.locale) for one in found.rows]
        self.page = PageInfo.of(number, SIZE, found.total or 0)
        self.is_loaded = True
