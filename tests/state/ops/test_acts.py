"""Every act of operations: it asks first, a viewer may not do it, and it is audited.

Generated from the state classes: a new handler that changes something without asking fails, and so
does a new act that nobody wrote a scene for.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import re
import textwrap
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
import reflex as rx
from sqlalchemy import select as select_columns
from sqlmodel import SQLModel, col, select

from app.core.errors import DomainError
from app.rules.action_policies import Effect
from app.rules.statuses import TenantStatus
from app.services import allow_list, credentials, gateway
from app.services.context import Context
from app.services.gateway import Call
from models.action_policy import ActionApproval, ActionPolicy
from models.audit import AuditEvent
from models.exchange import OutboxStatus, SuppressedAddress
from models.person import Role
from models.tenant import Tenant
from models.vault import AllowedAction
from state.ops.asking import Asking
from state.ops.invoice import InvoiceState
from state.ops.jobs import JobsState
from state.ops.mail import MailState
from state.ops.payments import PaymentsState
from state.ops.payouts import PayoutsState
from state.ops.policies import PoliciesState
from state.ops.reconciliation import ReconciliationState
from state.ops.staff import ROLES, StaffState
from state.ops.suppressed import SuppressedState
from state.ops.tenant import TenantState
from state.ops.vault import VaultState
from state.ops.webhooks import WebhooksState
from tests.factories import as_agent, make_agent, make_person
from tests.money_kit import make_invoice
from tests.ops_kit import (
    make_event,
    make_failed_month,
    make_job,
    make_mail,
    make_payment,
    make_payout,
)
from tests.state.conftest import Tab
from tests.state.ops.conftest import opened
from tests.state.test_isolation import OPS, call

WRITERS = {"confirm"}
"""Handlers that may change something: they do what was asked about."""
SESSIONS = {"login_session"}
"""Tables that looking alone may touch."""


async def everything(ctx: Context, *but: str) -> list[Any]:
    """Every row of every table, but for sessions, refusals in the audit stream and kinds ``but``."""
    rows: list[Any] = []
    for table in SQLModel.metadata.sorted_tables:
        if table.name in SESSIONS:
            continue
        query = select_columns(table)
        if table.name == "audit_event":
            for kind in ("access.", *but):
                query = query.where(table.c.kind.not_like(f"{kind}%"))
        found = [(table.name, *map(repr, row)) for row in await ctx.db.execute(query)]
        rows += sorted(found)
    return rows


# -- nothing changes unless it was asked for -------------------------------------------------------

QUIET = [one for one in OPS if one[1] not in WRITERS]


def reached(cls: Any, name: str, seen: set[str]) -> Iterator[str]:
    """The source of a handler and of the helpers it calls."""
    member = cls.event_handlers[name].fn if name in cls.event_handlers else getattr(cls, name, None)
    if name in seen or not inspect.isfunction(member):
        return
    seen.add(name)
    source = inspect.getsource(member)
    yield source
    for other in re.findall(r"(?:self|super\(\))\.(_?\w+)\(", source):
        yield from reached(cls, other, seen)


@pytest.mark.parametrize(("cls", "name"), OPS, ids=[f"{c.__name__}.{n}" for c, n in OPS])
def test_only_what_was_confirmed_opens_a_unit_of_work_that_writes(cls: Any, name: str) -> None:
    source = "".join(reached(cls, name, set()))
    writes = bool(re.search(r"\bacting\(self\)|clockwork\.move\(", source))
    assert writes == (name in WRITERS)


@pytest.mark.parametrize(("cls", "name"), QUIET, ids=[f"{c.__name__}.{n}" for c, n in QUIET])
async def test_a_handler_that_is_no_confirmation_changes_nothing(
    ctx: Context, vendor: Tenant, admin: Tab, cls: Any, name: str
) -> None:
    mail = await make_mail(ctx)
    event = await make_event(ctx, status="failed")
    invoice = await make_invoice(ctx, vendor, pushed=False)
    await ctx.db.commit()
    before = await everything(ctx)
    for one in (vendor.id, mail.id, event.id, invoice.id):
        admin.go(f"/ops/tenants/{one}?open={one}")
        with contextlib.suppress(DomainError):
            await call(admin, cls, name, str(one))
    assert await everything(ctx) == before


# -- every act asks, is refused to viewers and is audited ------------------------------------------


@dataclass(frozen=True)
class Scene:
    """Where an act is asked for, how, and with which form it is confirmed."""

    path: str
    ask: Callable[[Any], Awaitable[None]]
    form: dict[str, str] = field(default_factory=dict)


Setting = Callable[[Context, Tenant], Awaitable[Scene]]
SCENES: dict[tuple[type[rx.State], str], Setting] = {}


def scene(cls: type[rx.State], *acts: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register how one act, or each of several, is set up."""

    def register(setting: Callable[..., Any]) -> Callable[..., Any]:
        for act in acts:
            SCENES[cls, act] = (
                setting
                if len(acts) == 1
                else lambda ctx, vendor, act=act: setting(ctx, vendor, act)
            )
        return setting

    return register


def asks(*arguments: str) -> Callable[[Any], Awaitable[None]]:
    return lambda state: state.ask(*arguments)


@scene(WebhooksState, "repeat")
async def replaying(ctx: Context, vendor: Tenant) -> Scene:
    event = await make_event(ctx, status="failed")
    return Scene(f"/ops/webhooks?open={event.id}", asks("repeat"))


@scene(MailState, "repeat")
async def resending(ctx: Context, vendor: Tenant) -> Scene:
    mail = await make_mail(ctx)
    mail.status = OutboxStatus.SENT
    return Scene(f"/ops/mail?open={mail.id}", asks("repeat"))


@scene(JobsState, "repeat")
async def repeating_a_job(ctx: Context, vendor: Tenant) -> Scene:
    job = await make_job(ctx, status=OutboxStatus.FAILED)
    return Scene(f"/ops/jobs?open={job.id}", asks("repeat"))


@scene(JobsState, "month")
async def billing_again(ctx: Context, vendor: Tenant) -> Scene:
    await make_failed_month(ctx, vendor)
    return Scene("/ops/jobs", lambda state: state.ask_month(f"{vendor.id}:2026-10"))


@scene(SuppressedState, "release")
async def releasing(ctx: Context, vendor: Tenant) -> Scene:
    ctx.db.add(SuppressedAddress(email="a@example.com", reason="bounce", suppressed_at=ctx.now()))
    return Scene("/ops/mail/suppressed", asks("a@example.com"), {"reason": "box was full"})


@scene(PaymentsState, "refund")
async def refunding(ctx: Context, vendor: Tenant) -> Scene:
    payment = await make_payment(ctx, vendor)
    form = {"amount": "10.00", "reason": "Outage"}
    return Scene(f"/ops/payments?open={payment.id}", asks("refund"), form)


@scene(PayoutsState, "settle", "retry")
async def paying_out(ctx: Context, vendor: Tenant, act: str) -> Scene:
    payout = await make_payout(ctx, vendor)
    return Scene(f"/ops/payouts?open={payout.id}", asks(act), {"reference": "BANK 4711"})


@scene(InvoiceState, "retry", "void", "credit", "settle")
async def correcting(ctx: Context, vendor: Tenant, act: str) -> Scene:
    invoice = await make_invoice(ctx, vendor, pushed=act == "retry")
    form = {"reason": "Outage", "amount": "5.00", "reference": "BANK 4711"}
    return Scene(f"/ops/invoices/{invoice.id}", asks(act), form)


@scene(TenantState, "suspend", "resume", "price")
async def changing_a_vendor(ctx: Context, vendor: Tenant, act: str) -> Scene:
    vendor.status = TenantStatus.SUSPENDED if act == "resume" else TenantStatus.ACTIVE
    form = {"reason": "Volume", "price": "2.20", "starts_on": "2026-12-01"}
    return Scene(f"/ops/tenants/{vendor.id}", asks(act), form)


@scene(TenantState, "notes")
async def noting(ctx: Context, vendor: Tenant) -> Scene:
    form = {"notes": "Pilot until May"}
    return Scene(f"/ops/tenants/{vendor.id}", lambda state: state.ask_notes(form))


@scene(TenantState, "grant", "key")
async def changing_an_agent(ctx: Context, vendor: Tenant, act: str) -> Scene:
    made = await make_agent(ctx)
    keys = await credentials.list_tokens(as_agent(ctx, made.agent), credentials.AGENT)
    key_id = str(keys[0].id)
    path = f"/ops/tenants/{made.agent.tenant_id}"
    form = {"calls": "25", "reason": "Our outage"}
    return Scene(path, asks(act) if act == "grant" else lambda one: one.ask_key(key_id), form)


@scene(PoliciesState, "set", "remove", "approve", "reject")
async def deciding_about_actions(ctx: Context, vendor: Tenant, act: str) -> Scene:
    about = ""
    if act != "set":
        policy = ActionPolicy(
            owner="*", pattern="domain.*", effect=Effect.REQUIRE_APPROVAL, created_at=ctx.now()
        )
        ctx.db.add(policy)
        await ctx.db.flush()
        about = str(policy.id)
    if act in ("approve", "reject"):
        create = Call("domain.leadscoring.models.create", {"key": "fit", "name": "Fit"})
        await gateway.run(as_agent(ctx, (await make_agent(ctx)).agent), create)
        about = str((await ctx.db.scalars(select(ActionApproval.id))).one())
    form = {"pattern": "domain.*", "effect": "deny", "reason": "Abuse", "tenant_id": ""}
    return Scene("/ops/policies", asks(act, about), form)


@scene(ReconciliationState, "run")
async def reconciling(ctx: Context, vendor: Tenant) -> Scene:
    return Scene("/ops/reconciliation", asks())


@scene(StaffState, "add")
async def adding_staff(ctx: Context, vendor: Tenant) -> Scene:
    form = {"email": "new@example.com", "name": "", "role": "ops_viewer"}
    return Scene("/ops/staff", asks("add", ""), form)


@scene(StaffState, "disable", "enable", *ROLES)
async def changing_staff(ctx: Context, vendor: Tenant, act: str) -> Scene:
    role = Role.OPS_OPERATOR if act != Role.OPS_OPERATOR else Role.OPS_VIEWER
    other = await make_person(ctx, role=role)
    if act == "enable":
        other.disabled_at = ctx.now()
    return Scene("/ops/staff", asks(act, str(other.id)))


@scene(VaultState, "off", "on")
async def switching(ctx: Context, vendor: Tenant, act: str) -> Scene:
    await allow_list.publish(ctx, [("stripe", "refund")])
    (line,) = (await ctx.db.scalars(select(AllowedAction))).all()
    line.is_enabled = act == "off"
    return Scene("/ops/vault", asks(act, str(line.id)))


def acts_of(cls: Any) -> set[str]:
    """The acts that a state does: the words its ``_do`` compares with."""
    found: set[str] = set()
    for member in (vars(one).get("_do") for one in cls.__mro__):
        if member is None or not inspect.isfunction(member):
            continue
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(member)))):
            if isinstance(node, ast.Compare) and ast.unparse(node.left) == "question.act":
                found |= {str(ast.literal_eval(one)) for one in node.comparators}
            if isinstance(node, ast.MatchValue):
                found.add(str(ast.literal_eval(node.value)))
    return found


def test_every_act_has_a_scene() -> None:
    states = {cls for cls, name in OPS if name == "confirm" and issubclass(cls, Asking)}
    done = {(cls, act) for cls in states for act in acts_of(cls)}
    done |= {(StaffState, role.value) for role in ROLES}  # its acts are the roles themselves
    assert len(states) >= 9
    assert {(cls.__name__, act) for cls, act in done} == {
        (cls.__name__, str(act)) for cls, act in SCENES
    }


ACTS = list(SCENES)
ACT_NAMES = [f"{cls.__name__}.{act}" for cls, act in ACTS]


async def asked(tab: Tab, cls: type[Any], setting: Scene) -> Any:
    state = await opened(tab, cls, setting.path)
    await setting.ask(state)
    return state


@pytest.mark.parametrize(("cls", "act"), ACTS, ids=ACT_NAMES)
async def test_an_act_asks_first_and_is_audited_under_the_name_of_who_did_it(
    ctx: Context, vendor: Tenant, admin: Tab, cls: type[rx.State], act: str
) -> None:
    setting = await SCENES[cls, act](ctx, vendor)
    await ctx.db.commit()
    before = await everything(ctx)
    state = await asked(admin, cls, setting)
    assert state.question.act == act
    assert state.question.title
    assert state.question.text
    assert state.question.verb
    assert await everything(ctx) == before
    await state.confirm(setting.form)
    assert (state.refusal, state.question.act) == ("", "")
    assert await everything(ctx, "ops.") != before
    rows = await ctx.db.scalars(select(AuditEvent).where(col(AuditEvent.kind).startswith("ops.")))
    (row,) = rows.all()
    assert (row.actor_kind, row.result, row.ip) == ("person", "success", "203.0.113.7")
    assert UUID(row.actor_id)


@pytest.mark.parametrize(("cls", "act"), ACTS, ids=ACT_NAMES)
async def test_a_viewer_does_none_of_it(
    ctx: Context, vendor: Tenant, viewer: Tab, cls: type[rx.State], act: str
) -> None:
    setting = await SCENES[cls, act](ctx, vendor)
    await ctx.db.commit()
    before = await everything(ctx)
    state = await asked(viewer, cls, setting)
    assert await state.confirm(setting.form) == []
    assert state.refusal == "Your role does not allow this."
    assert await everything(ctx) == before
