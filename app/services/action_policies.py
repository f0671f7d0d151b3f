"""Who may do which action beyond the scopes of a key, and the calls that wait for operations' word."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlmodel import col

from app.core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from app.core.ids import new_id
from app.rules import action_policies as rules
from app.rules.action_policies import Effect, Policy
from app.rules.fields import one_line
from app.rules.gateway import redact
from app.services.context import Context
from app.services.outbox import insert_or_ignore
from models.action_policy import ActionApproval, ActionPolicy, ApprovalStatus
from models.agent import Agent
from models.person import Role

EVERYBODY: Final = "*"
LIFE: Final = dt.timedelta(days=7)
"""How long a call waits for a word, and how long that word is good for."""
LARGEST: Final = 20_000
"""Characters of params that an approver is shown; longer ones are not kept, only their hash is."""


@dataclass(frozen=True, slots=True)
class Leave:
    """That a call may run: by which policy, and the approval that it uses up when it does."""

    policy_id: UUID | None = None
    approval_id: UUID | None = None


async def authorise(ctx: Context, action: str, params: Mapping[str, Any]) -> Leave:
    """Let a call pass, or refuse it.

    Whatever goes wrong here refuses the call. Raises ``ForbiddenError`` ``authorization_error`` or
    ``requires_approval``; then the call waits for operations, who are asked once.
    """
    policy = rules.decide(action, await _in_force(ctx))
    if policy is None:
        return Leave()
    if policy.effect is Effect.ALLOW:
        return Leave(policy.id)
    why = f" {policy.reason}" if policy.reason else ""
    if policy.effect is Effect.DENY:
        message = f"{action} is not allowed for this account.{why}"
        raise ForbiddenError(message, reason="authorization_error", policy_id=policy.id)
    fingerprint = _fingerprint(ctx, action, params)
    row = await ctx.db.scalar(
        ctx.mine(ActionApproval)
        .where(col(ActionApproval.fingerprint) == fingerprint)
        .execution_options(populate_existing=True)
    )
    if row is not None and row.expires_at > ctx.now():
        if row.status is ApprovalStatus.APPROVED:
            return Leave(policy.id, row.id)
        if row.status is ApprovalStatus.REJECTED:
            message = f"{action} was asked for with these params and not approved."
            raise _refused(message, policy, row)
        if row.status is ApprovalStatus.PENDING:
            raise _refused(f"{action} still waits for approval.{why}", policy, row)
    row = await _ask(ctx, action, params, fingerprint, policy)
    message = f"{action} needs approval: it was asked for. Send the same call again later.{why}"
    raise _refused(message, policy, row)


async def use(ctx: Context, leave: Leave) -> None:
    """Use up the approval a call needs, in the transaction of its action; two calls cannot both.

    Raises ``ForbiddenError`` ``requires_approval`` when it was used meanwhile.
    """
    if leave.approval_id is not None and not await _turn(
        ctx, leave.approval_id, ApprovalStatus.APPROVED, ApprovalStatus.USED
    ):
        raise ForbiddenError("This approval was used already.", reason="requires_approval")


async def give_back(ctx: Context, leave: Leave) -> None:
    """Let an approval be used again whose use was saved before its action failed."""
    if leave.approval_id is not None:
        await _turn(ctx, leave.approval_id, ApprovalStatus.USED, ApprovalStatus.APPROVED)


async def list_policies(ctx: Context) -> Sequence[tuple[ActionPolicy, str]]:
    """Return every policy with its agent's name, those for everybody first, without a name."""
    ctx.require_ops()
    rows = await ctx.db.execute(
        select(ActionPolicy, col(Agent.agent_id))
        .outerjoin(Agent, col(Agent.tenant_id) == ActionPolicy.tenant_id)
        .order_by(
            col(ActionPolicy.owner) != EVERYBODY, col(Agent.agent_id), col(ActionPolicy.pattern)
        )
    )
    return [(row[0], row[1] or "") for row in rows]


async def set_policy(
    ctx: Context, pattern: str, effect: str, *, tenant_id: UUID | None = None, reason: str = ""
) -> ActionPolicy:
    """Say what becomes of actions, for one agent or for all; said of the same again, it replaces.

    Administrators only. Raises ``InvalidInputError``, ``NotFoundError`` for what is no agent.
    """
    ctx.require_ops(Role.OPS_ADMIN)
    wanted = rules.checked_pattern(pattern)
    if effect not in {one.value for one in Effect}:
        raise InvalidInputError("There is no such effect.", fields=[("effect", "is unknown")])
    told = one_line(reason, "reason", longest=300, shortest=0)
    if tenant_id is not None and await ctx.db.get(Agent, tenant_id) is None:
        raise NotFoundError("There is no such agent.")
    owner = str(tenant_id) if tenant_id else EVERYBODY
    row = await ctx.db.scalar(
        select(ActionPolicy)
        .where(col(ActionPolicy.owner) == owner, col(ActionPolicy.pattern) == wanted)
        .with_for_update()
    )
    if row is None:
        row = ActionPolicy(
            owner=owner,
            tenant_id=tenant_id,
            pattern=wanted,
            effect=Effect(effect),
            created_at=ctx.now(),
        )
        ctx.db.add(row)
    row.effect, row.reason, row.created_by = Effect(effect), told, ctx.actor.id
    await ctx.db.flush()
    _note(ctx, "ops.policy_set", row)
    return row


async def remove_policy(ctx: Context, policy_id: UUID) -> None:
    """Take a policy away; scopes alone decide then, or a wider policy. Administrators only."""
    ctx.require_ops(Role.OPS_ADMIN)
    row = await ctx.get_any(ActionPolicy, policy_id, lock=True)
    await ctx.db.delete(row)
    _note(ctx, "ops.policy_removed", row)


async def waiting(ctx: Context, limit: int = 100) -> Sequence[tuple[ActionApproval, str]]:
    """Return the calls that wait for a word, the oldest first, each with its agent's name."""
    ctx.require_ops()
    rows = await ctx.db.execute(
        select(ActionApproval, col(Agent.agent_id))
        .join(Agent, col(Agent.tenant_id) == ActionApproval.tenant_id)
        .where(
            col(ActionApproval.status) == ApprovalStatus.PENDING,
            col(ActionApproval.expires_at) > ctx.now(),
        )
        .order_by(col(ActionApproval.asked_at), col(ActionApproval.id))
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


async def settle(ctx: Context, approval_id: UUID, *, approve: bool) -> ActionApproval:
    """Approve or reject a call that waits; an approval lets exactly that call run, once, within a week.

    Raises ``ConflictError`` ``already_decided``.
    """
    ctx.require_ops(Role.OPS_OPERATOR)
    row = await ctx.get_any(ActionApproval, approval_id, lock=True)
    if row.status is not ApprovalStatus.PENDING or row.expires_at <= ctx.now():
        raise ConflictError("This does not wait any more.", reason="already_decided")
    row.status = ApprovalStatus.APPROVED if approve else ApprovalStatus.REJECTED
    row.decided_at, row.decided_by = ctx.now(), ctx.actor.id
    row.expires_at = ctx.now() + LIFE
    ctx.audit(
        "ops.action_approved" if approve else "ops.action_rejected",
        tenant_id=row.tenant_id,
        subject=("action_approval", row.id),
        body={"action": row.action},
    )
    return row


async def _turn(
    ctx: Context, approval_id: UUID, before: ApprovalStatus, after: ApprovalStatus
) -> bool:
    turned = await ctx.db.execute(
        update(ActionApproval)
        .where(
            col(ActionApproval.id) == approval_id,
            col(ActionApproval.tenant_id) == ctx.tenant_id,
            col(ActionApproval.status) == before,
        )
        .values(status=after)
        .returning(col(ActionApproval.id))
        .execution_options(synchronize_session=False)
    )
    return turned.first() is not None


async def _in_force(ctx: Context) -> list[Policy]:
    rows = await ctx.db.scalars(
        select(ActionPolicy).where(
            or_(
                col(ActionPolicy.tenant_id).is_(None),
                col(ActionPolicy.tenant_id) == ctx.tenant_id,
            )
        )
    )
    return [
        Policy(one.id, one.pattern, one.effect, one.tenant_id is None, one.reason) for one in rows
    ]


async def _ask(
    ctx: Context, action: str, params: Mapping[str, Any], fingerprint: str, policy: Policy
) -> ActionApproval:
    """Put a call before operations; what was asked for before is asked for anew."""
    shown = redact(dict(params))
    values = {
        "id": new_id(),
        "tenant_id": ctx.tenant_id,
        "action": action,
        "fingerprint": fingerprint,
        "params": shown if len(json.dumps(shown)) <= LARGEST else {},
        "reason": policy.reason,
        "status": ApprovalStatus.PENDING,
        "asked_at": ctx.now(),
        "expires_at": ctx.now() + LIFE,
    }
    insert = insert_or_ignore(ctx, ActionApproval, values, "tenant_id", "fingerprint")
    if await ctx.db.scalar(insert.returning(col(ActionApproval.id))) is None:
        await ctx.db.execute(
            update(ActionApproval)
            .where(
                col(ActionApproval.tenant_id) == ctx.tenant_id,
                col(ActionApproval.fingerprint) == fingerprint,
                or_(
                    col(ActionApproval.status) == ApprovalStatus.USED,
                    col(ActionApproval.expires_at) <= ctx.now(),
                ),
            )
            .values(
                status=ApprovalStatus.PENDING,
                asked_at=ctx.now(),
                expires_at=ctx.now() + LIFE,
                decided_at=None,
                decided_by="",
            )
            .execution_options(synchronize_session=False)
        )
    row = await ctx.db.scalar(
        ctx.mine(ActionApproval)
        .where(col(ActionApproval.fingerprint) == fingerprint)
        .execution_options(populate_existing=True)
    )
    assert row is not None  # noqa: S101 - just inserted, or there before
    return row


def _refused(message: str, policy: Policy, row: ActionApproval) -> ForbiddenError:
    return ForbiddenError(
        message, reason="requires_approval", policy_id=policy.id, approval_id=row.id
    )


def _fingerprint(ctx: Context, action: str, params: Mapping[str, Any]) -> str:
    """Return a keyed hash of a whole call, secrets in it included: an approval is for this one only."""
    text = json.dumps([action, params], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return ctx.keyring.hash_token(text)


def _note(ctx: Context, kind: str, row: ActionPolicy) -> None:
    ctx.audit(
        kind,
        tenant_id=row.tenant_id,
        subject=("action_policy", row.id),
        body={"pattern": row.pattern, "effect": row.effect, "reason": row.reason},
    )
