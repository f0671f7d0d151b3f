"""What operations say about agents' actions, and the calls that wait for their word."""

from __future__ import annotations

from collections.abc import Mapping

import reflex as rx

from app.services import action_policies
from app.services.context import Context
from models.person import Role
from state.ops.asking import Asking, Question, unknown_act
from state.ops.policy_rows import ApprovalRow, PolicyRow, to_approval, to_policy
from state.session import acting, parse_id


class PoliciesState(Asking, rx.State):
    """Policies and what waits because of them."""

    is_loaded: bool = False
    may_manage: bool = False
    rows: list[PolicyRow] = []
    waiting: list[ApprovalRow] = []

    @rx.event
    async def load(self) -> None:
        """Show both."""
        self._fresh()
        await self._show()

    @rx.event
    async def tick(self) -> None:
        """Show what came to wait meanwhile."""
        if self.is_loaded and not self.question.act:
            await self._show()

    @rx.event
    async def ask(self, act: str, about: str) -> None:
        """Ask before a policy is set or removed, or a call is approved or rejected."""
        async with acting(self, readonly=True):
            pattern = next((row.pattern for row in self.rows if row.id == about), "it")
            call = next((row for row in self.waiting if row.id == about), None)
        what = f"{call.action} of {call.agent}" if call else "it"
        questions = {
            "set": Question(
                title="Set a policy?",
                text="It holds from the next call on. The narrowest pattern decides; of two alike "
                "the agent's own.",
                verb="Set policy",
                needs="policy",
                is_danger=False,
            ),
            "remove": Question(
                title=f"Remove the policy for {pattern}?",
                text="A wider policy decides then, or the scopes of the key alone.",
                verb="Remove",
            ),
            "approve": Question(
                title=f"Approve {what}?",
                text="Exactly this call may run once, within a week.",
                verb="Approve",
                is_danger=False,
            ),
            "reject": Question(
                title=f"Reject {what}?",
                text="The same call is refused for a week.",
                verb="Reject",
            ),
        }
        if act not in questions:
            raise unknown_act()
        self._pose(questions[act].of(act, about))

    async def _do(self, ctx: Context, question: Question, form: Mapping[str, str]) -> str:
        match question.act:
            case "set":
                tenant = form.get("tenant_id", "").strip()
                await action_policies.set_policy(
                    ctx,
                    form.get("pattern", ""),
                    form.get("effect", ""),
                    tenant_id=parse_id(tenant) if tenant else None,
                    reason=form.get("reason", ""),
                )
                return "Policy set"
            case "remove":
                await action_policies.remove_policy(ctx, parse_id(question.about))
                return "Policy removed"
            case "approve" | "reject":
                is_yes = question.act == "approve"
                await action_policies.settle(ctx, parse_id(question.about), approve=is_yes)
                return "Approved" if is_yes else "Rejected"
            case _:
                raise unknown_act()

    async def _show(self) -> None:
        async with acting(self, readonly=True) as ctx:
            found = await action_policies.list_policies(ctx)
            waiting = await action_policies.waiting(ctx)
            self.may_manage = ctx.actor.role is Role.OPS_ADMIN
            self.rows = [to_policy(row, name) for row, name in found]
            self.waiting = [to_approval(row, name, ctx.now()) for row, name in waiting]
        self.is_loaded = True
