"""Tabs without a browser: a state whose router says who is signed in and which address is shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
import reflex as rx
from reflex.istate.data import RouterData

import app.pages
from app.core.clock import wall_now
from app.core.discover import import_all
from app.core.ids import new_secret
from app.runtime import Runtime
from app.services import tenant_sessions
from app.services.context import Context
from app.services.sessions import COOKIE
from models.agent import Agent
from models.person import LoginSession, Person
from models.tenant import Tenant
from tests.factories import make_agent, make_person, make_vendor

S = TypeVar("S", bound=rx.State)


class Tab:
    """One browser tab: all its states, one address, one cookie."""

    def __init__(self, cookie: str = "") -> None:
        self.cookie = cookie
        self.root = rx.State(_reflex_internal_init=True)  # type: ignore[call-arg]
        self.go("/")

    def go(self, path: str, **headers: str) -> None:
        """Show another address; nothing is loaded by itself."""
        headers |= {"origin": "http://portal.test", "cookie": f"{COOKIE}={self.cookie}"}
        self.root.router = RouterData.from_router_data(
            {
                "headers": headers,
                "asPath": path,
                "pathname": path.partition("?")[0],
                "ip": "203.0.113.7",
                "token": "tab",
            }
        )

    async def state(self, cls: type[S]) -> S:
        """Return one of the tab's states."""
        return await self.root.get_state(cls)


@pytest.fixture(scope="session", autouse=True)
def all_pages() -> None:
    """Load every page first: a tab holds the states that exist when it is opened."""
    import_all(app.pages)


@pytest.fixture
def open_tab(run: Runtime) -> Callable[[str], Tab]:
    """Open a tab with a session cookie, or with none."""
    return lambda cookie="": Tab(cookie)


async def sign_in(ctx: Context, person: Person) -> str:
    """Give a person a session; returns the cookie's value."""
    token = new_secret()
    ctx.db.add(
        LoginSession(
            person_id=person.id,
            token_hash=ctx.keyring.hash_token(token),
            ip="203.0.113.7",
            user_agent="tests",
            created_at=ctx.now(),
            last_seen_at=ctx.now(),
            expires_at=wall_now() + dt.timedelta(days=1),
        )
    )
    await ctx.db.commit()
    return token


@pytest.fixture
async def vendor(ctx: Context) -> Tenant:
    return await make_vendor(ctx)


@pytest.fixture
async def owner(ctx: Context, vendor: Tenant) -> Person:
    return await make_person(ctx, vendor)


@pytest.fixture
async def tab(ctx: Context, owner: Person, open_tab: Any) -> Tab:
    """A tab of the vendor's owner."""
    return open_tab(await sign_in(ctx, owner))


@pytest.fixture
async def rival(ctx: Context, open_tab: Any) -> Tab:
    """A tab of another vendor's owner."""
    other = await make_vendor(ctx, name="Beta Robots")
    return open_tab(await sign_in(ctx, await make_person(ctx, other)))


async def sign_in_agent(ctx: Context, agent: Agent) -> str:
    """Give the human behind an agent a session; returns the cookie's value."""
    tenant = await ctx.db.get_one(Tenant, agent.tenant_id)
    token = (await tenant_sessions.begin(ctx, tenant, proof="test")).token
    await ctx.db.commit()
    return token


@pytest.fixture
async def agent(ctx: Context) -> Agent:
    return (await make_agent(ctx)).agent


@pytest.fixture
async def agent_tab(ctx: Context, agent: Agent, open_tab: Any) -> Tab:
    """A tab of the human behind an agent."""
    return open_tab(await sign_in_agent(ctx, agent))


def target(event: Any) -> str:
    """Return where an event that redirects leads."""
    for name, value in event.args:
        if str(name) == "path":
            return str(value._var_value)
    raise AssertionError(f"{event} is no redirect")
