"""Two at once: of whatever works once, one wins."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from pyotp.totp import TOTP
from sqlalchemy import func
from sqlmodel import col, select

from app.core.clock import wall_now
from app.core.errors import DomainError
from app.runtime import Runtime
from app.services import accounts, branding, onboarding, people, sessions, twofactor
from app.services.context import Actor, ActorKind, Context, Origin
from models.exchange import OutboxItem
from models.payment import PaymentMethod
from models.person import LoginSession, Person, Role
from models.price import PriceContract
from models.tenant import Tenant
from tests.fakes import FakeDocuments
from tests.getting_in import (
    HERE,
    OTHER,
    PASSWORD,
    connect,
    mailed_token,
    make_owner,
    newcomer,
    shown_agreements,
    sign_in,
)

pytestmark = pytest.mark.faults

EMAIL = "owner@example.com"
NOBODY = Actor(ActorKind.ANONYMOUS, origin=Origin(HERE, "tests"))


async def _both(
    run: Runtime, *acts: Callable[[Context], Awaitable[object]], actor: Actor = NOBODY
) -> Counter[str]:
    """Do all of it at once, each in a unit of work of its own; count how they ended."""

    async def once(act: Callable[[Context], Awaitable[object]]) -> str:
        try:
            async with run.context(actor) as ctx:
                await act(ctx)
        except DomainError as error:
            return error.reason
        return "done"

    return Counter(await asyncio.gather(*(once(act) for act in acts)))


async def _count(run: Runtime, model: type) -> int:
    async with run.as_system() as ctx:
        return await ctx.db.scalar(select(func.count()).select_from(model)) or 0


async def test_ten_sign_ups_of_one_address_make_one_account(own_run: Runtime) -> None:
    ends = await _both(own_run, *[lambda ctx: accounts.sign_up(ctx, EMAIL, PASSWORD)] * 10)
    assert ends == {"done": 10}
    assert await _count(own_run, Person) == await _count(own_run, Tenant) == 1


async def test_of_two_who_use_one_link_one_wins(own_run: Runtime) -> None:
    async with own_run.context(NOBODY) as ctx:
        await accounts.sign_up(ctx, EMAIL, PASSWORD)
    async with own_run.as_system() as ctx:
        token = await mailed_token(ctx, "confirm_email")
    ends = await _both(own_run, *[lambda ctx: accounts.confirm_email(ctx, token)] * 5)
    assert ends == {"done": 1, "link_invalid": 4}


async def test_of_two_resets_with_one_link_one_wins(own_run: Runtime) -> None:
    async with own_run.as_system() as ctx:
        await make_owner(ctx)
    async with own_run.context(NOBODY) as ctx:
        await accounts.request_reset(ctx, EMAIL)
    async with own_run.as_system() as ctx:
        token = await mailed_token(ctx, "reset_password")
    ends = await _both(
        own_run,
        lambda ctx: accounts.reset_password(ctx, token, OTHER),
        lambda ctx: accounts.reset_password(ctx, token, "another long sentence here"),
    )
    assert ends == {"done": 1, "link_invalid": 1}


async def test_a_code_used_twice_at_once_opens_one_session(own_run: Runtime) -> None:
    async with own_run.as_system() as ctx:
        await make_owner(ctx)
        me = await sign_in(ctx)
        secret = (await twofactor.enrol(me, PASSWORD)).secret
        now = wall_now()
        recovery = await twofactor.confirm(me, TOTP(secret).generate_otp(_step(now)))
    code = TOTP(secret).generate_otp(_step(now) + 1)
    ends = await _both(own_run, *[lambda ctx: sessions.sign_in(ctx, EMAIL, PASSWORD, code)] * 4)
    assert ends == {"done": 1, "wrong_code": 3}
    ends = await _both(
        own_run, *[lambda ctx: sessions.sign_in(ctx, EMAIL, PASSWORD, recovery[0])] * 4
    )
    assert ends == {"done": 1, "wrong_code": 3}


def _step(at: dt.datetime) -> int:
    return int(at.timestamp()) // twofactor.PERIOD


async def test_no_session_of_the_old_password_survives_a_reset(own_run: Runtime) -> None:
    async with own_run.as_system() as ctx:
        await make_owner(ctx)
    async with own_run.context(NOBODY) as ctx:
        await accounts.request_reset(ctx, EMAIL)
    async with own_run.as_system() as ctx:
        token = await mailed_token(ctx, "reset_password")
    ends = await _both(
        own_run,
        lambda ctx: accounts.reset_password(ctx, token, OTHER),
        *[lambda ctx: sessions.sign_in(ctx, EMAIL, PASSWORD)] * 8,
    )
    assert ends["done"] >= 1
    async with own_run.as_system() as ctx:
        living = await ctx.db.scalars(
            select(LoginSession).where(col(LoginSession.revoked_at).is_(None))
        )
        assert living.all() == []


async def test_two_administrators_cannot_demote_each_other_at_once(own_run: Runtime) -> None:
    async with own_run.as_system() as ctx:
        made = [
            await people.create_ops(ctx, f"ops{n}@example.com", Role.OPS_ADMIN) for n in range(2)
        ]
    admin = Actor(ActorKind.PERSON, str(made[0].id), None, Role.OPS_ADMIN)
    ends = await _both(
        own_run,
        lambda ctx: people.set_role(ctx, made[0].id, Role.OPS_VIEWER),
        lambda ctx: people.set_role(ctx, made[1].id, Role.OPS_VIEWER),
        actor=admin,
    )
    assert ends == {"done": 1, "last_admin": 1}


async def test_a_vendor_is_activated_once_however_many_say_so(own_run: Runtime) -> None:
    async with own_run.as_system() as ctx:
        me = await newcomer(ctx)
        await onboarding.accept_agreements(me, shown_agreements(me))
        await branding.save_branding(me, "Acme Toys")
        await connect(me)
        actor, tenant_id = me.actor, me.tenant_id
    own_run.documents = FakeDocuments()
    ends = await _both(
        own_run, *[lambda ctx: onboarding.activate_if_ready(ctx, tenant_id)] * 5, actor=actor
    )
    assert ends == {"done": 5}
    assert await _count(own_run, PriceContract) == await _count(own_run, PaymentMethod) == 1
    async with own_run.as_system() as ctx:
        rows = await ctx.db.scalars(
            select(OutboxItem).where(col(OutboxItem.name) == "vendor_activated")
        )
        assert len(rows.all()) == 1
