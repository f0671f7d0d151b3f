"""The catalogue of actions with the console that tries one."""

from __future__ import annotations

import json
from typing import Final

import reflex as rx

from app.core.errors import ForbiddenError, InvalidInputError, RateLimitedError
from app.rules.examples import example
from app.services import agents, console
from app.services.actions import ACTIONS
from state.agent.action_rows import ActionLine, ParamRow, catalogue, params
from state.agent.snippets import curl_snippet, mcp_snippet, python_snippet
from state.browsing import address, asked
from state.session import acting_as_customer

PATH: Final = "/agent/docs"
FIRST: Final = "meta.actions"


class DocsState(rx.State):
    """The catalogue, the action that the address names, and what the console answered."""

    is_loaded: bool = False
    actions: list[ActionLine] = []
    one: ActionLine = ActionLine("", "", "", "", can_dry=False)
    params: list[ParamRow] = []
    has_params: bool = False
    curl: str = ""
    python: str = ""
    mcp: str = ""
    typed: str = "{}"
    is_dry: bool = False
    answer: str = ""
    status: str = ""
    took: str = ""
    error: str = ""

    @rx.event
    async def load(self) -> None:
        """Show the action that the address names, with an example that it takes."""
        wanted = asked(self, "action")
        action = ACTIONS.get(wanted) or ACTIONS[FIRST]
        definition = action.definition
        async with acting_as_customer(self, readonly=True) as ctx:
            await agents.reading(ctx)
            site = ctx.site_url
        made = example(definition.params_schema)
        self.actions = catalogue()
        self.one = next(line for line in self.actions if line.id == definition.name)
        self.params = params(definition.params_schema)
        self.has_params = bool(self.params)
        self.curl = curl_snippet(site, "", definition.name, made)
        self.python = python_snippet(site, definition.name, made)
        self.mcp = mcp_snippet(site)
        self.typed = json.dumps(made, indent=2, ensure_ascii=False)
        self.is_dry = definition.supports_dry_run
        self.answer = self.status = self.took = self.error = ""
        self.is_loaded = True

    @rx.event
    async def choose(self, action: str) -> rx.event.EventSpec:
        """Show another action."""
        async with acting_as_customer(self, readonly=True):
            return rx.redirect(address(PATH, action=action[:128]))

    @rx.event
    async def set_dry(self, is_dry: bool) -> None:
        """Switch between a dry run and a real call."""
        async with acting_as_customer(self, readonly=True):
            self.is_dry = is_dry and self.one.can_dry

    @rx.event
    async def run(self, form: dict[str, str]) -> None:
        """Make the call and show its answer."""
        typed = form.get("params", "")
        self.typed, self.error = typed, ""
        try:
            async with acting_as_customer(self) as ctx:
                tried = await console.run(ctx, self.one.id, typed, dry_run=self.is_dry)
        except (InvalidInputError, RateLimitedError, ForbiddenError) as refusal:
            if refusal.reason == "wrong_login":
                raise
            self.answer = self.status = self.took = ""
            self.error = refusal.message
            return
        self.answer, self.status, self.took = tried.text, str(tried.status), f"{tried.took_ms} ms"
