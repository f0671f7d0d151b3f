"""What the entry pages say follows from their address alone."""

from __future__ import annotations

from typing import Any

import pytest

from app.api.browser import CODES
from state.public.entry import SAID, EntryState


def test_every_error_a_form_may_come_back_with_has_its_sentence() -> None:
    assert set(SAID) == set(CODES)


@pytest.mark.parametrize(
    ("address", "onward"),
    [
        ("/login?next=/vendor/devices?status=active", "/vendor/devices?status=active"),
        ("/login?next=//elsewhere", ""),
        ("/login?next=https:/\\elsewhere", ""),
    ],
)
async def test_only_places_of_ours_are_gone_to(open_tab: Any, address: str, onward: str) -> None:
    tab = open_tab("")
    tab.go(address)
    state = await tab.state(EntryState)
    EntryState.read.fn(state)
    assert state.onward == onward


async def test_an_unknown_error_says_only_that_it_failed(open_tab: Any) -> None:
    tab = open_tab("")
    tab.go("/login?error=<script>&email=a@example.com")
    state = await tab.state(EntryState)
    EntryState.read.fn(state)
    assert (state.error, state.email) == (SAID["failed"], "a@example.com")
