"""The usage screens: the month stands in the address, rows say what they need to."""

from __future__ import annotations

from app.rules.quota import Tier
from app.services import gateway
from app.services.context import Context
from app.services.gateway import Call
from state.ops.usage import OrganisationsState, UsageState
from tests.factories import as_agent, make_agent
from tests.services.test_gateway import lead
from tests.state.conftest import Tab, target
from tests.state.ops.conftest import opened


async def test_usage_is_shown_by_agent_and_by_organisation(ctx: Context, viewer: Tab) -> None:
    made = await make_agent(ctx)
    made.agent.tier, made.agent.organisation = Tier.PAID, "Acme & Co"
    me = as_agent(ctx, made.agent)
    await gateway.run(me, lead())
    await gateway.run(me, Call("domain.leadscoring.leads.create", {}))
    await ctx.db.commit()
    state = await opened(viewer, UsageState, "/ops/usage?status=failing")
    assert [(row.name, row.tier, row.calls, row.used, row.failed, row.rate, row.cost)
            for row in state.rows] == [
        ("scout", "By the call", "2", "1 call", "1", "50%", "$0.001")
    ]  # fmt: skip
    assert (state.months[0], state.months[1]) == (
        ("", "November 2026"),
        ("2026-10", "October 2026"),
    )
    assert "month=2026-10" in target(await state.filter_month("2026-10"))
    assert (await opened(viewer, UsageState, "/ops/usage?month=2026-10")).rows == []
    assert (await opened(viewer, UsageState, "/ops/usage?month=odd")).month == ""
    groups = await opened(viewer, OrganisationsState, "/ops/usage/organisations")
    assert [(row.name, row.tenants, row.calls, row.href) for row in groups.rows] == [
        ("Acme & Co", "1", "2", "/ops/usage?q=Acme+%26+Co")
    ]
