from __future__ import annotations

import pytest
from sqlmodel import col, select

from app.core.errors import ForbiddenError, InvalidInputError
from app.services import allow_list, vault
from app.services.context import Context
from app.settings import Settings
from models.vault import AllowedAction
from state.ops.vault import VaultState
from tests.state.conftest import Tab
from tests.state.ops.conftest import opened
from tests.vault_kit import FakeKeys

PATH = "/ops/vault"
SECRET = "sk_test_never_shown"


async def fill(ctx: Context) -> None:
    await vault.put(ctx, FakeKeys(), "stripe", "secret_key", SECRET)
    await allow_list.publish(ctx, [("stripe", "pay_out"), ("stripe", "refund")])
    await ctx.db.commit()


async def is_on(ctx: Context, action: str) -> bool:
    found = select(AllowedAction.is_enabled).where(col(AllowedAction.action) == action)
    return bool(await ctx.db.scalar(found))


async def test_vendors_are_refused(tab: Tab) -> None:
    with pytest.raises(ForbiddenError):
        await opened(tab, VaultState, PATH)


async def test_names_and_uses_are_shown_and_no_secret(ctx: Context, viewer: Tab) -> None:
    await fill(ctx)
    state = await opened(viewer, VaultState, PATH)
    (row,) = state.secrets
    assert (row.provider, row.name, row.version, row.used) == ("Stripe", "secret_key", 1, "Never")
    assert row.rotated == "just now"
    assert [one.name for one in state.actions] == ["stripe.pay_out", "stripe.refund"]
    assert SECRET not in repr(state.dict())


async def test_an_administrator_switches_an_action_after_being_asked(
    ctx: Context, admin: Tab
) -> None:
    await fill(ctx)
    state = await opened(admin, VaultState, PATH)
    assert state.may_switch
    refund = state.actions[1]
    await state.ask("off", refund.id)
    assert state.question.title == "Switch off stripe.refund?"
    assert await is_on(ctx, "refund")
    await state.confirm({})
    assert [one.is_on for one in state.actions] == [True, False]
    assert not await is_on(ctx, "refund")
    await state.ask("on", refund.id)
    await state.confirm({})
    assert [one.is_on for one in state.actions] == [True, True]
    with pytest.raises(InvalidInputError):
        await state.ask("remove", refund.id)


async def test_an_operator_switches_nothing(ctx: Context, operator: Tab) -> None:
    await fill(ctx)
    state = await opened(operator, VaultState, PATH)
    assert not state.may_switch
    await state.ask("off", state.actions[0].id)
    await state.confirm({})
    assert state.refusal == "Your role does not allow this."
    assert await is_on(ctx, "pay_out")


async def test_it_says_where_the_key_is(
    ctx: Context, admin: Tab, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await opened(admin, VaultState, PATH)).place == "nowhere"
    monkeypatch.setattr(settings, "vault_key_command", "true")
    assert (await opened(admin, VaultState, PATH)).place == "here"
    monkeypatch.setattr(settings, "executor_url", "http://10.0.0.7:3100")
    state = await opened(admin, VaultState, PATH)
    assert (state.place, state.executor) == ("executor", "http://10.0.0.7:3100")
