"""Every handler of every state, tried as a stranger, as another vendor, and by vendors on operations.

Generated from the state classes: a new handler is covered by existing.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import AsyncGenerator, Iterator
from typing import Any, get_type_hints

import pytest
import reflex as rx

import app.pages
from app.core.discover import import_all
from app.core.errors import (
    DomainError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
)
from app.services import credentials
from app.services.context import Context
from models.tenant import Tenant
from tests.factories import as_vendor, make_device
from tests.state.conftest import Tab

SECRET = "ACME-HIDDEN-1"  # a device id of the one vendor that the other must never see
OPEN_TO_ALL = {
    "ShellState.visit",
    "EntryState.read",
    "LinkState.read",
    "LinkState.show",
    "TermsState.read",
}
"""Handlers of public pages; they read nothing of anybody's (see tests of each)."""


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


@pytest.mark.parametrize(("cls", "name"), ALL, ids=NAMES)
async def test_strangers_reach_nothing(open_tab: Any, cls: Any, name: str) -> None:
    if f"{cls.__name__}.{name}" in OPEN_TO_ALL:
        return  # a public page; it reads nothing of anybody's
    stranger = open_tab("")
    before = shown(await stranger.state(cls), cls)
    # Some handlers refuse the argument, or find nothing to do, before they ask who it is.
    with contextlib.suppress(NotSignedInError, InvalidInputError):
        await call(stranger, cls, name, "00000000-0000-7000-8000-000000000000")
    assert shown(await stranger.state(cls), cls) == before


VENDOR = [one for one in ALL if one[0].__module__.startswith("state.vendor.")]


@pytest.mark.parametrize(("cls", "name"), VENDOR, ids=[f"{c.__name__}.{n}" for c, n in VENDOR])
async def test_another_vendor_sees_nothing_of_this_one(
    ctx: Context, vendor: Tenant, rival: Tab, cls: Any, name: str
) -> None:
    device = await make_device(ctx, vendor, SECRET)
    token = await credentials.issue(as_vendor(ctx, vendor), SECRET)
    await ctx.db.commit()
    for theirs in (str(device.id), str(token.row.id), str(vendor.id)):
        with contextlib.suppress(DomainError):
            await call(rival, cls, name, theirs)
        state = await rival.state(cls)
        assert SECRET not in shown(state, cls)
    await ctx.db.refresh(device)
    await ctx.db.refresh(token.row)
    assert (device.released_at, device.generation, token.row.revoked_at) == (None, 0, None)


OPS = [one for one in ALL if one[0].__module__.startswith("state.ops.")]


@pytest.mark.parametrize(("cls", "name"), OPS, ids=[f"{c.__name__}.{n}" for c, n in OPS])
async def test_vendors_reach_nothing_of_operations(
    tab: Tab, vendor: Tenant, cls: Any, name: str
) -> None:
    with pytest.raises((ForbiddenError, NotFoundError)):
        await call(tab, cls, name, str(vendor.id))
