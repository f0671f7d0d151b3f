"""Every handler of every state, tried as a stranger, as another vendor, and by vendors on operations.

Generated from the state classes: a new handler is covered by existing.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import AsyncGenerator, Iterator
from typing import Any, get_type_hints
from uuid import UUID

import pytest
import reflex as rx

import app.pages
from app.core.discover import import_all
from app.core.errors import DomainError, ForbiddenError
from app.services import credentials
from app.services.context import Context
from models.agent import Agent
from models.credential import Credential
from models.device import Device
from models.tenant import Tenant
from state.session import acting, acting_as_customer
from state.shell import ShellState
from tests.factories import as_agent, as_vendor, make_agent, make_device
from tests.state.conftest import Tab, sign_in_agent

SECRET = "ACME-HIDDEN-1"  # a device id of the one vendor that the other must never see


def handlers() -> Iterator[tuple[type[rx.State], str]]:
    import_all(app.pages)
    waiting: list[Any] = [rx.State]
    while waiting:
        for cls in waiting.pop().get_substates():
            waiting.append(cls)
            if not cls.__module__.startswith("state."):
                continue
            for name in sorted(cls.event_handlers):
                if name != "setvar" and name in vars(cls):
                    yield cls, name


ALL = sorted(handlers(), key=lambda one: (one[0].__module__, one[1]))
NAMES = [f"{cls.__name__}.{name}" for cls, name in ALL]


def arguments(cls: Any, name: str, text: str) -> list[Any]:
    """Well-typed arguments: ``text`` wherever a text may stand."""
    function = cls.event_handlers[name].fn
    hints = get_type_hints(function)
    made: list[Any] = []
    for parameter in list(inspect.signature(function).parameters)[1:]:
        hint = hints.get(parameter, str)
        if hint is bool:
            made.append(True)
        elif hint is int:
            made.append(1)
        elif hint is str:
            made.append(text)
        elif getattr(hint, "__origin__", None) is list:
            made.append([text])
        else:
            made.append(
                {"id": text, "reason": "a reason", "amount": "1.00", "name": "x", "number": text}
            )
    return made


async def call(tab: Tab, cls: Any, name: str, text: str) -> None:
    state = await tab.state(cls)
    result = cls.event_handlers[name].fn(state, *arguments(cls, name, text))
    if isinstance(result, AsyncGenerator):
        async for _ in result:
            pass
    elif inspect.isawaitable(result):
        await result


def shown(state: Any, cls: Any) -> str:
    """What a state would send to the browser."""
    return repr({key: getattr(state, key) for key in sorted(cls.base_vars)})


@pytest.fixture
async def hidden(ctx: Context, vendor: Tenant) -> list[str]:
    """Ids of things of the one vendor; ``SECRET`` is in its name, its device and its token."""
    vendor.display_name = SECRET
    device = await make_device(ctx, vendor, SECRET)
    token = await credentials.issue(as_vendor(ctx, vendor), SECRET)
    await ctx.db.commit()
    return [str(vendor.id), str(device.id), str(token.row.id)]


async def tries(tab: Tab, cls: Any, name: str, ids: list[str]) -> None:
    """Try a handler with every id; refusals are fine, and nothing may come to sight."""
    for one in ids:
        with contextlib.suppress(DomainError):
            await call(tab, cls, name, one)
        assert SECRET not in shown(await tab.state(cls), cls)


async def untouched(ctx: Context, ids: list[str]) -> None:
    """Check that nothing of the one vendor was changed."""
    tenant = await ctx.db.get_one(Tenant, UUID(ids[0]), populate_existing=True)
    device = await ctx.db.get_one(Device, UUID(ids[1]), populate_existing=True)
    token = await ctx.db.get_one(Credential, UUID(ids[2]), populate_existing=True)
    assert (tenant.display_name, tenant.status, tenant.notes) == (SECRET, "active", "")
    assert (device.released_at, device.generation, token.revoked_at) == (None, 0, None)


@pytest.mark.parametrize(("cls", "name"), ALL, ids=NAMES)
async def test_strangers_reach_nothing(
    ctx: Context, open_tab: Any, hidden: list[str], cls: Any, name: str
) -> None:
    await tries(open_tab(""), cls, name, hidden)
    await untouched(ctx, hidden)


VENDOR = [one for one in ALL if one[0].__module__.startswith("state.vendor.")]


@pytest.mark.parametrize(("cls", "name"), VENDOR, ids=[f"{c.__name__}.{n}" for c, n in VENDOR])
async def test_another_vendor_sees_nothing_of_this_one(
    ctx: Context, rival: Tab, hidden: list[str], cls: Any, name: str
) -> None:
    await tries(rival, cls, name, hidden)
    await untouched(ctx, hidden)


OPS = [one for one in ALL if one[0].__module__.startswith("state.ops.")]


@pytest.mark.parametrize(("cls", "name"), OPS, ids=[f"{c.__name__}.{n}" for c, n in OPS])
async def test_vendors_reach_nothing_of_operations(
    ctx: Context, rival: Tab, hidden: list[str], cls: Any, name: str
) -> None:
    await tries(rival, cls, name, hidden)
    await untouched(ctx, hidden)


async def refused(tab: Tab, cls: Any, name: str, text: str) -> None:
    """Try a handler at a door that is shut; one that has nothing to do never comes to it."""
    reason = "wrong_login"
    try:
        await call(tab, cls, name, text)
    except DomainError as refusal:
        reason = refusal.reason
    assert reason in ("wrong_login", "invalid_input")


@pytest.mark.parametrize("door", [acting, acting_as_customer])
async def test_each_door_lets_in_its_own_kind_only(
    tab: Tab, agent_tab: Tab, agent: Agent, vendor: Tenant, door: Any
) -> None:
    mine, other = (tab, agent_tab) if door is acting else (agent_tab, tab)
    async with door(await mine.state(ShellState)) as ctx:
        assert ctx.tenant_id == (vendor.id if door is acting else agent.tenant_id)
    with pytest.raises(ForbiddenError) as refusal:
        async with door(await other.state(ShellState)):
            pass
    assert refusal.value.reason == "wrong_login"


AGENT = [one for one in ALL if one[0].__module__.startswith("state.agent.")]


@pytest.mark.parametrize(
    ("cls", "name"),
    [*VENDOR, *OPS],
    ids=[f"{c.__name__}.{n}" for c, n in (*VENDOR, *OPS)],
)
async def test_an_agents_human_reaches_nothing_of_vendors_and_operations(
    agent_tab: Tab, hidden: list[str], ctx: Context, cls: Any, name: str
) -> None:
    await refused(agent_tab, cls, name, hidden[0])
    assert SECRET not in shown(await agent_tab.state(cls), cls)
    await untouched(ctx, hidden)


@pytest.mark.parametrize(("cls", "name"), AGENT, ids=[f"{c.__name__}.{n}" for c, n in AGENT])
async def test_vendors_reach_nothing_of_agents(tab: Tab, agent: Agent, cls: Any, name: str) -> None:
    await refused(tab, cls, name, str(agent.tenant_id))


@pytest.mark.parametrize(("cls", "name"), AGENT, ids=[f"{c.__name__}.{n}" for c, n in AGENT])
async def test_another_agents_human_sees_nothing_of_this_one(
    ctx: Context, open_tab: Any, cls: Any, name: str
) -> None:
    mine = await make_agent(ctx, "mine@example.com", agent_id=SECRET)
    keys = await credentials.list_tokens(as_agent(ctx, mine.agent), credentials.AGENT)
    rival = await make_agent(ctx, "rival@example.com")
    there = open_tab(await sign_in_agent(ctx, rival.agent))
    for one in (str(mine.agent.tenant_id), str(keys[0].id)):
        with contextlib.suppress(DomainError):
            await call(there, cls, name, one)
        assert SECRET not in shown(await there.state(cls), cls)
    await ctx.db.refresh(keys[0])
    assert (keys[0].revoked_at, keys[0].replaced_by_id) == (None, None)


@pytest.mark.parametrize("name", ["load", "tick"])
def test_every_page_of_operations_loads_through_a_role(name: str) -> None:
    """The sweep above proves something only while pages load by handlers of these names."""
    assert any(handler == name for _, handler in OPS)
