"""The agent gateway: one action, checked, limited, done and written down in one transaction."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import insert

from app.core.discover import import_all
from app.core.errors import (
    DomainError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    PaymentRequiredError,
    UnavailableError,
)
from app.core.ids import new_id
from app.rules.forwarding import Forward
from app.rules.gateway import (
    HTTP_STATUS,
    LONGEST_ERROR,
    CallerType,
    CallStatus,
    Code,
    Impact,
    Result,
    Scope,
    code_for,
    redact,
    request_hash,
)
from app.rules.quota import Quota, Tier
from app.services import (
    action_policies,
    agent_links,
    agents,
    forwarding,
    idempotency,
    packs,
    quotas,
    reservations,
)
from app.services.action_policies import Leave
from app.services.actions import ACTIONS, Action
from app.services.context import ActorKind, Context
from app.services.idempotency import Answer, Claim
from models.agent import Agent, AgentCall

import_all(packs)
log = structlog.get_logger(__name__)

RETRY_SECONDS: Final = 5
"""After what is down, where it does not say itself when to come back: nobody is to try at once."""

_INSERT: Final = insert(AgentCall.__table__)  # pyright: ignore
"""Not as an object: a gateway's call has no use for the bookkeeping that goes with one."""
_CALLERS: Final = {
    ActorKind.API_KEY: CallerType.API_KEY,
    ActorKind.CUSTOMER: CallerType.USER,
}
_DENIED: Final = frozenset((401, 402, 403, 404, 429))
"""Statuses of what was not let through, rather than tried and failed."""


@dataclass(frozen=True, slots=True)
class Call:
    """What an agent asks for."""

    action: str
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    idempotency_key: str = ""
    is_dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """The envelope, and the HTTP status that goes with it."""

    status: int
    body: dict[str, Any]
    retry_after: int | None = None


@dataclass(slots=True)
class _Note:
    """What the audit row of this request will say."""

    action: Action | None = None
    status: CallStatus = CallStatus.ERROR
    is_billable: bool = False
    is_charged: bool = False
    is_replay: bool = False
    code: str = ""
    error: str = ""
    at: dt.datetime | None = None
    policy_id: UUID | None = None
    meta: dict[str, object] = field(default_factory=dict[str, object])

    def succeeded(self, is_billable: bool, tier: Tier, result: Result) -> None:
        """Note that it was done, and charged for if whoever asked pays by the call."""
        self.status, self.is_billable = CallStatus.SUCCESS, is_billable
        self.is_charged = is_billable and tier is Tier.PAID
        self.meta = result.meta()


@dataclass(frozen=True, slots=True)
class _Task:
    """An action that may be done: it is there, allowed, and its params are valid."""

    agent: Agent
    call: Call
    action: Action
    params: Any
    claim: Claim | None
    leave: Leave
    note: _Note

    @property
    def is_billable(self) -> bool:
        """Whether it takes one of the month's calls."""
        return self.action.definition.is_billable


async def run(ctx: Context, call: Call) -> Reply:
    """Do one action for the acting key or human, and write it down; a refusal is an answer, and written too.

    In this order: the action, the key's scope, whether it can be tried dry, its params, what policies say of it, an
    earlier answer under the same key, the limit, the action itself. What it did, the call it used up and the
    row that is charged for are one transaction, and what was done before is saved first: the whole
    transaction is undone when the action fails. ``Exception`` other than a refusal passes.
    """
    began = time.monotonic()
    if ctx.actor.kind not in _CALLERS:
        raise ForbiddenError("This needs an agent's API key.")
    await ctx.save()
    note = _Note()
    try:
        reply = await _run(ctx, await agents.acting(ctx), call, note)
    except DomainError as refusal:
        reply = _refused(ctx, refusal, note)
    row = _row(ctx, call, note, int(1000 * (time.monotonic() - began)))
    await ctx.db.execute(_INSERT, row)
    return reply


async def _run(ctx: Context, agent: Agent, call: Call, note: _Note) -> Reply:
    action = ACTIONS.get(call.action)
    if action is None:
        raise NotFoundError(f"There is no action {call.action[:128]!r}: see meta.actions.")
    note.action = action
    if action.definition.scope not in ctx.actor.scopes:
        raise ForbiddenError(
            f"This key lacks the scope {action.definition.scope}.", reason="scope_denied"
        )
    if call.is_dry_run and action.foresee is None:
        raise InvalidInputError(f"{call.action} cannot be tried dry.")
    params = action.checked(call.params)
    if call.is_dry_run and action.foresee is not None:
        async with ctx.db.begin_nested() as sandbox:
            impact: Impact = await action.foresee(ctx, params)
            await sandbox.rollback()
        note.status = CallStatus.SUCCESS
        return _ok(ctx, impact.document(), dry_run=True)
    leave = Leave()
    if action.definition.scope is not Scope.READ:
        leave = await action_policies.authorise(ctx, call.action, call.params)
        note.policy_id = leave.policy_id
    claim = await _claim(ctx, call)
    if claim is not None and claim.earlier is not None:
        note.status, note.is_replay = CallStatus.SUCCESS, True
        return _again(ctx, claim.earlier)
    try:
        return await _do(ctx, _Task(agent, call, action, params, claim, leave, note))
    except DomainError:
        if claim is not None:  # nothing was done: the key may be used again
            await idempotency.let_go(ctx, claim.id)
        raise


async def _do(ctx: Context, task: _Task) -> Reply:
    """Take the call and do the action; where calls cannot be counted, only who pays for any goes on."""
    do = _elsewhere if isinstance(task.action.run, Forward) else _here
    tier = quotas.tier_of(ctx, task.agent)
    may_go_on = tier is Tier.PAID and quotas.cap_of(task.agent) is None
    try:
        return await do(ctx, task, tier, is_counted=task.is_billable)
    except quotas.CounterDownError as down:
        await ctx.db.rollback()
        log.error("gateway.counter_down", tenant_id=str(ctx.tenant_id), exc_info=down)
        if not may_go_on:
            message = "Your usage cannot be counted at the moment. Nothing was done: try again."
            raise UnavailableError(message) from down
    return await do(ctx, task, tier, is_counted=False)


async def _here(ctx: Context, task: _Task, tier: Tier, *, is_counted: bool) -> Reply:
    """Do an action in this very transaction; what fails leaves nothing, the call it took included."""
    run: Any = task.action.run
    try:
        await action_policies.use(ctx, task.leave)
        quota = await quotas.take(ctx, task.agent) if is_counted else None
        result: Result = await run(ctx, task.params)
        reply = await _finish(ctx, task, result, quota)
    except DomainError:
        await ctx.db.rollback()
        raise
    task.note.succeeded(task.is_billable, tier, result)
    return reply


async def _elsewhere(ctx: Context, task: _Task, tier: Tier, *, is_counted: bool) -> Reply:
    """Have another service do an action: its call is taken and saved before, and settled after.

    Nothing is locked and no transaction open meanwhile. What fails gives the call back, to the month
    it was taken from; so does the sweeper, where this process ends before it can.
    """
    to: Any = task.action.run
    note, quota, taken = task.note, None, None
    note.at = ctx.now()
    await action_policies.use(ctx, task.leave)
    if task.is_billable:
        quota = await quotas.take(ctx, task.agent) if is_counted else None
        begun = _row(ctx, task.call, note, 0)
        taken = await reservations.reserve(
            ctx, begun, is_counted=is_counted, is_charged=tier is Tier.PAID
        )
    await ctx.save()
    try:
        result = await forwarding.ask(ctx, to, task.params, task.call.idempotency_key)
        if taken is not None:
            await reservations.settle(ctx, taken)
        reply = await _finish(ctx, task, result, quota)
    except DomainError:
        await ctx.db.rollback()
        await action_policies.give_back(ctx, task.leave)
        if taken is not None:
            await reservations.release(ctx, taken)
        raise
    note.succeeded(task.is_billable, tier, result)
    return reply


async def _finish(ctx: Context, task: _Task, result: Result, quota: Quota | None) -> Reply:
    """Return the answer, kept under the call's key; in the transaction of what it did."""
    reply = _ok(ctx, result.data, warning=_warning(ctx, quota))
    if task.claim is not None:
        await idempotency.settle(ctx, task.claim.id, Answer(reply.status, _kept(reply)))
    await ctx.db.flush()
    return reply


async def _claim(ctx: Context, call: Call) -> Claim | None:
    if not call.idempotency_key:
        return None
    asked = request_hash(call.action, call.params, dry_run=False)
    digest = hashlib.sha256(
        call.idempotency_key.encode()
    ).hexdigest()  # whatever it is, it is told to nobody
    return await idempotency.claim(ctx, f"{call.action} {digest}", asked)


def _ok(
    ctx: Context, data: Any, *, dry_run: bool = False, warning: dict[str, Any] | None = None
) -> Reply:
    body: dict[str, Any] = {"ok": True, "request_id": ctx.actor.origin.request_id, "data": data}
    if dry_run:
        body["dry_run"] = True
    if warning:
        body["warning"] = warning
    return Reply(200, body)


def _kept(reply: Reply) -> bytes:
    return json.dumps(reply.body["data"]).encode()


def _again(ctx: Context, earlier: Answer) -> Reply:
    reply = _ok(ctx, json.loads(earlier.body))
    return replace(reply, body=reply.body | {"code": Code.IDEMPOTENT_REPLAY.value})


def _warning(ctx: Context, quota: Quota | None) -> dict[str, Any] | None:
    if quota is None or not quota.is_near:
        return None
    return {
        "message": f"{quota.remaining} free calls remain this month.",
        "calls_remaining": quota.remaining,
        "upgrade_url": agent_links.upgrade_url(ctx, ctx.tenant_id),
    }


def _refused(ctx: Context, refusal: DomainError, note: _Note) -> Reply:
    code = code_for(refusal.status, refusal.reason)
    status = HTTP_STATUS[code]
    note.status = CallStatus.DENIED if status in _DENIED else CallStatus.ERROR
    note.is_billable = False
    note.code, note.error = code.value, str(redact(refusal.message))[:LONGEST_ERROR]
    body: dict[str, Any] = {
        "ok": False,
        "request_id": ctx.actor.origin.request_id,
        "error": refusal.message,
        "code": code.value,
    }
    if isinstance(refusal, InvalidInputError) and refusal.fields:
        body["fields"] = [{"path": path, "problem": problem} for path, problem in refusal.fields]
    if isinstance(refusal, PaymentRequiredError):
        body["upgrade_url"] = agent_links.upgrade_url(ctx, ctx.tenant_id)
    if usage := refusal.details.get("usage"):
        body["usage"] = usage
    note.policy_id = refusal.details.get("policy_id", note.policy_id)
    if approval_id := refusal.details.get("approval_id"):
        body["approval_id"] = str(approval_id)
    wait = RETRY_SECONDS if code is Code.UNAVAILABLE else None
    return Reply(status, body, refusal.retry_after or wait)


def _row(ctx: Context, call: Call, note: _Note, took_ms: int) -> dict[str, object]:
    definition = note.action.definition if note.action else None
    actor = ctx.actor
    return {
        "id": new_id(),
        "at": note.at or ctx.now(),
        "tenant_id": ctx.tenant_id,
        "action": definition.name if definition else str(redact(call.action))[:128],
        "pack": definition.pack if definition else "",
        "status": note.status,
        "is_billable": note.is_billable,
        "is_charged": note.is_charged,
        "unit": definition.unit or "" if definition else "",
        "actor_type": _CALLERS[actor.kind],
        "actor_id": actor.id,
        "request_id": actor.origin.request_id,
        "request_hash": request_hash(call.action, call.params, dry_run=call.is_dry_run),
        "idempotency_key": str(redact(call.idempotency_key)),
        "policy_id": note.policy_id,
        "is_dry_run": call.is_dry_run,
        "is_replay": note.is_replay,
        "error_code": note.code,
        "error": note.error,
        "ip": actor.origin.ip,
        "latency_ms": took_ms,
        "result_meta": note.meta,
    }
