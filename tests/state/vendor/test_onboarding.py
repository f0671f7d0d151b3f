"""The wizard of a newcomer: each step is stored, the next one shown, the snippets work as they are pasted."""

from __future__ import annotations

import ast
import json
import shlex
from uuid import UUID

import pytest

from app.rules.onboarding import Step
from app.services.context import Context
from models.person import Person
from state.vendor.onboarding import TO_THE_TOP, OnboardingState
from state.vendor.snippets import SAMPLE_USER, curl_snippet, python_snippet
from tests.getting_in import newcomer
from tests.state.conftest import Tab, sign_in


@pytest.fixture
async def newcomers_tab(ctx: Context) -> Tab:
    newcomers = await newcomer(ctx)
    person = await ctx.db.get_one(Person, UUID(newcomers.actor.id))
    return Tab(await sign_in(ctx, person))


async def opened(tab: Tab) -> OnboardingState:
    tab.go("/vendor/onboarding")
    state = await tab.state(OnboardingState)
    await state.load()
    return state


async def test_each_step_leads_to_the_top_of_the_next(newcomers_tab: Tab) -> None:
    state = await opened(newcomers_tab)
    assert (state.step, state.done) == (Step.TERMS, [Step.CONFIRM_EMAIL])
    all_of_them = {row.slug: "on" for row in state.agreements}
    assert await state.accept({}) is None
    assert (state.step, state.error.startswith("Please accept: ")) == (Step.TERMS, True)
    assert await state.accept(all_of_them) is TO_THE_TOP
    assert (state.step, state.error) == (Step.BRANDING, "")
    assert await state.save_name({"name": " "}) is None
    assert (state.step, bool(state.error)) == (Step.BRANDING, True)
    assert await state.save_name({"name": "Ropet"}) is TO_THE_TOP
    assert (state.step, state.name, state.error) == (Step.PAYMENT, "Ropet", "")
    again = await opened(newcomers_tab)
    assert again.step == Step.PAYMENT


def test_the_shell_snippet_is_the_first_call() -> None:
    words = shlex.split(curl_snippet("http://portal.test", "vnd_secret"))
    assert words[:4] == ["curl", "-X", "POST", "http://portal.test/v1/vendor/devices/register"]
    assert "Authorization: Bearer vnd_secret" in words
    assert json.loads(words[-1]) == {"device_id": "SN-0001", "user_omni": SAMPLE_USER}


@pytest.mark.parametrize("token", ["vnd_secret", ""])
def test_the_python_snippet_runs_as_it_is(token: str) -> None:
    snippet = python_snippet("http://portal.test", token)
    ast.parse(snippet)
    assert snippet.startswith("# pip install ./clients/python")
    assert ("TURNPIKE_TOKEN" in snippet) is (token == "")
