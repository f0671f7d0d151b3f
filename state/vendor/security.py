"""Signed-in browsers, and closing the account."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx

from app.core.errors import DomainError
from app.services import closing, onboarding, sessions
from app.services.sessions import SessionInfo
from state.moments import moment
from state.session import acting, parse_id
from state.vendor.settings import words_of


@dataclass(frozen=True)
class SessionRow:
    """One signed-in browser."""

    id: str
    browser: str
    ip: str
    signed_in: str
    signed_in_exact: str
    seen: str
    seen_exact: str
    is_current: bool


class SecurityState(rx.State):
    """The list of sessions."""

    is_loading: bool = True
    rows: list[SessionRow] = []
    others: int = 0

    @rx.event
    async def load(self) -> None:
        """Show every browser that is signed in."""
        await self._show()

    @rx.event
    async def revoke(self, session_id: str) -> rx.event.EventSpec:
        """End one session at once."""
        async with acting(self) as ctx:
            await sessions.revoke_session(ctx, parse_id(session_id))
        await self._show()
        return rx.toast.success("Session ended")

    @rx.event
    async def revoke_others(self) -> rx.event.EventSpec:
        """End every session but this one."""
        async with acting(self) as ctx:
            ended = await sessions.revoke_others(ctx)
        await self._show()
        return rx.toast.success(f"{ended} other sessions ended")

    async def _show(self) -> None:
        async with acting(self, readonly=True) as ctx:
            found = await sessions.list_sessions(ctx)
            tenant = await onboarding.own_tenant(ctx)
            now = ctx.now()

        def to_row(one: SessionInfo) -> SessionRow:
            made = moment(one.created_at, now, tenant.locale)
            seen = moment(one.last_seen_at, now, tenant.locale)
            return SessionRow(
                id=str(one.id),
                browser=one.browser,
                ip=one.ip,
                signed_in=made.text,
                signed_in_exact=made.exact,
                seen=seen.text,
                seen_exact=seen.exact,
                is_current=one.is_current,
            )

        self.rows = [to_row(one) for one in found]
        self.others = sum(not row.is_current for row in self.rows)
        self.is_loading = False


class ClosingState(rx.State):
    """The danger zone."""

    is_closed: bool = False
    is_asking: bool = False
    error: str = ""

    @rx.event
    async def load(self) -> None:
        """Show whether the account is closed already."""
        self.is_asking, self.error = False, ""
        async with acting(self, readonly=True) as ctx:
            tenant = await onboarding.own_tenant(ctx)
        self.is_closed = tenant.closed_at is not None

    @rx.event
    async def ask(self) -> None:
        """Ask for the password before the account is closed."""
        async with acting(self, readonly=True):
            self.is_asking, self.error = True, ""

    @rx.event
    async def cancel(self) -> None:
        """Leave the account open."""
        async with acting(self, readonly=True):
            self.is_asking = False

    @rx.event
    async def close_account(self, form: dict[str, str]) -> rx.event.EventSpec | None:
        """Close the account for good."""
        try:
            async with acting(self) as ctx:
                await closing.close_account(ctx, form.get("password", ""))
        except DomainError as refusal:
            self.error = words_of(refusal)
            return None
        self.is_asking, self.is_closed = False, True
        return rx.toast.success("The account is closed")
