"""The agreements as anybody may read them."""

from __future__ import annotations

import reflex as rx

from app.core.errors import NotFoundError
from app.services import agreements
from state.session import visiting


class TermsState(rx.State):
    """One agreement, in the language asked for."""

    is_read: bool = False
    title: str = ""
    html: str = ""
    version: str = ""
    is_chinese: bool = False

    @rx.event
    async def read(self) -> None:
        """Load the agreement that the address names."""
        path = self.router.url.path.rstrip("/").rpartition("/")[2]
        self.is_chinese = self.router.url.query_parameters.get("lang") == "zh-CN"
        async with visiting(self) as ctx:
            try:
                text = agreements.text(ctx, path, "zh-CN" if self.is_chinese else "en")
            except NotFoundError:
                self.title = self.html = self.version = ""
            else:
                self.title, self.html, self.version = text.title, text.html, text.version
        self.is_read = True
