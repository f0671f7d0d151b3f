"""Tabs of operations staff."""

from __future__ import annotations

from typing import Any, TypeVar

import pytest
import reflex as rx

from app.services.context import Context
from models.person import Role
from tests.factories import make_person
from tests.state.conftest import Tab, sign_in

S = TypeVar("S", bound=rx.State)


async def opened(tab: Tab, cls: type[S], path: str) -> S:
    """Show an address and load the state of its page."""
    tab.go(path)
    state: Any = await tab.state(cls)
    await state.load()
    return state


@pytest.fixture
async def operator(ctx: Context, open_tab: Any) -> Tab:
    """A tab of somebody who may act."""
    return open_tab(await sign_in(ctx, await make_person(ctx, role=Role.OPS_OPERATOR)))


@pytest.fixture
async def viewer(ctx: Context, open_tab: Any) -> Tab:
    """A tab of somebody who may only look."""
    return open_tab(await sign_in(ctx, await make_person(ctx, role=Role.OPS_VIEWER)))


@pytest.fixture
async def admin(ctx: Context, open_tab: Any) -> Tab:
    """A tab of somebody who manages the staff as well."""
    return open_tab(await sign_in(ctx, await make_person(ctx, role=Role.OPS_ADMIN)))
