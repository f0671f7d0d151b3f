from __future__ import annotations

import pytest

from app.core.errors import ForbiddenError, InvalidInputError
from app.services import gateway
from app.services.context import Context
from app.services.gateway import Call
from state.ops.policies import PoliciesState
from tests.factories import as_agent, make_agent
from tests.state.conftest import Tab
from tests.state.ops.conftest import opened

PATH = "/ops/policies"
CALL = Call("domain.leadscoring.models.create", {"key": "fit", "name": "Fit"})


async def test_vendors_are_refused(tab: Tab) -> None:
    with pytest.raises(ForbiddenError):
        await opened(tab, PoliciesState, PATH)


async def test_a_policy_is_set_and_removed(admin: Tab) -> None:
    state = await opened(admin, PoliciesState, PATH)
    assert (state.rows, state.may_manage) == ([], True)
    await state.ask("set", "")
    await state.confirm({"pattern": "what is this", "effect": "deny"})
    assert "Pattern must be" in state.refusal
    await state.confirm({"pattern": "domain.*", "effect": "deny", "reason": "", "tenant_id": ""})
    assert [(row.pattern, row.effect_word, row.owner) for row in state.rows] == [
        ("domain.*", "Not allowed", "Every agent")
    ]
    await state.ask("remove", state.rows[0].id)
    assert "domain.*" in state.question.title
    await state.confirm({})
    assert state.rows == []


@pytest.mark.parametrize(("act", "status"), [("approve", 200), ("reject", 403)])
async def test_a_call_that_waits_is_decided(
    ctx: Context, admin: Tab, operator: Tab, act: str, status: int
) -> None:
    agent = (await make_agent(ctx)).agent
    await ctx.db.commit()
    state = await opened(admin, PoliciesState, PATH)
    await state.ask("set", "")
    await state.confirm({"pattern": "domain.*", "effect": "require_approval"})
    assert (await gateway.run(as_agent(ctx, agent), CALL)).status == 403
    await ctx.db.commit()
    desk = await opened(operator, PoliciesState, PATH)
    await desk.tick()
    assert not desk.may_manage
    assert [(one.agent, one.action) for one in desk.waiting] == [("scout", CALL.action)]
    assert '"key": "fit"' in desk.waiting[0].params
    await desk.ask(act, desk.waiting[0].id)
    await desk.confirm({})
    assert desk.waiting == []
    assert (await gateway.run(as_agent(ctx, agent), CALL)).status == status


async def test_an_operator_sets_no_policy(operator: Tab) -> None:
    state = await opened(operator, PoliciesState, PATH)
    await state.ask("set", "")
    await state.confirm({"pattern": "*", "effect": "deny"})
    assert state.refusal == "Your role does not allow this."
    with pytest.raises(InvalidInputError):
        await state.ask("forget", "")
