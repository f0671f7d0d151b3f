from __future__ import annotations

from typing import Any

from app.runtime import Runtime
from state.session import visiting
from state.shell import ShellState
from tests.state.conftest import Tab


async def _address_of(tab: Tab, forwarded_for: str) -> str:
    tab.go("/", **{"x-forwarded-for": forwarded_for})
    async with visiting(await tab.state(ShellState)) as ctx:
        return ctx.actor.origin.ip


async def test_behind_a_trusted_proxy_the_address_is_the_one_it_saw(
    run: Runtime, open_tab: Any
) -> None:
    run.settings.trusted_proxies = "203.0.113.0/24"
    assert await _address_of(open_tab(), "192.0.2.1, 198.51.100.9") == "198.51.100.9"


async def test_nobody_else_is_believed_about_their_address(run: Runtime, open_tab: Any) -> None:
    run.settings.trusted_proxies = "10.0.0.0/8"
    assert await _address_of(open_tab(), "198.51.100.9") == "203.0.113.7"
