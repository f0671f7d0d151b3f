"""What every page of operations about one thing does alike: the address names it."""

from __future__ import annotations

from uuid import UUID

import reflex as rx

from app.core.errors import InvalidInputError, NotFoundError
from state.ops.asking import Asking
from state.session import parse_id


class Single(Asking, mixin=True):
    """One thing, which may not be there; ``_show`` reads it."""

    is_loaded: bool = False
    is_missing: bool = False

    @rx.event
    async def load(self) -> None:
        """Show the thing that the address names."""
        self._fresh()
        self.is_missing = False
        try:
            await self._show()
        except (NotFoundError, InvalidInputError):
            self.is_missing = True
        self.is_loaded = True


def wanted(state: rx.State) -> UUID:
    """Return the id at the end of the page's address; raises ``InvalidInputError``."""
    return parse_id(state.router.url.path.rstrip("/").rpartition("/")[2])
