"""What the frame around every page shows: who is signed in, and the sandbox's clock."""

from __future__ import annotations

import reflex as rx

from app import runtime
from app.core.locale import format_datetime
from app.services import profiles
from app.settings import Settings
from models.person import Role
from state.session import acting_as_anybody


class ShellState(rx.State):
    """The account in the corner and the strip on top."""

    name: str = ""
    email: str = ""
    tenant: str = ""
    may_move_clock: bool = False
    home: str = ""
    is_sandbox: bool = Settings().is_sandbox  # pyright: ignore[reportCallIssue]
    clock: str = ""
    outside_href: str = ""

    @rx.event
    async def load(self) -> None:
        """Fill the frame for the signed-in person; strangers are sent to the login."""
        async with acting_as_anybody(self, readonly=True) as ctx:
            profile = await profiles.mine(ctx)
        self.name, self.email = profile.name, profile.email
        # Before it has a name, an account is known by its address.
        self.tenant = profile.tenant or profile.email
        self.home = profile.home
        self.may_move_clock = profile.role in (Role.OPS_OPERATOR, Role.OPS_ADMIN)
        self._show_clock()

    @rx.event
    def visit(self) -> None:
        """Fill the frame for a stranger: presentation only, nothing of anybody's is read."""
        self._show_clock()

    def _show_clock(self) -> None:
        """Show what time it is now; other states call it when they moved the clock."""
        process = runtime.current()
        self.is_sandbox = process.settings.is_sandbox
        self.clock = format_datetime(process.clock.now(), "en") if self.is_sandbox else ""
        self.outside_href = process.settings.sandbox_url if self.is_sandbox else ""
