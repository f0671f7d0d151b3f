"""Signing in and out, and the limits that stop guessing without locking owners out."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from sqlmodel import col, select

from app.core.clock import FixedClock, wall_now
from app.core.errors import DomainError, NotFoundError, NotSignedInError, RateLimitedError
from app.core.ids import new_id
from app.hashing import Argon2Hasher
from app.rules.statuses import TenantStatus
from app.services import accounts, people, sessions
from app.services.context import ActorKind, Context
from app.services.sessions import SignedIn
from models.credential import Credential
from models.person import LoginSession, Role
from tests.fakes import CountingHasher
from tests.getting_in import (
    HERE,
    OTHER,
    PASSWORD,
    mailed_token,
    mails,
    make_owner,
    sign_in,
    tenant_of,
    visitor,
)

EMAIL = "owner@example.com"


async def _try(ctx: Context, password: str = "wrong", *, ip: str = HERE, email: str = EMAIL) -> str:
    """Return how a sign-in ended: ``in``, or the reason of the refusal."""
    try:
        await sessions.sign_in(visitor(ctx, ip), email, password)
    except DomainError as error:
        return error.reason
    return "in"


# -- in ---------------------------------------------------------------------------------------


async def test_a_sign_in_gives_a_token_that_stands_for_its_person(ctx: Context) -> None:
    person = await make_owner(ctx)
    signed = await sessions.sign_in(visitor(ctx), " Owner@EXAMPLE.com", PASSWORD)
    assert isinstance(signed, SignedIn)
    actor = await sessions.authenticate(visitor(ctx), signed.token)
    assert (actor.kind, actor.id) == (ActorKind.PERSON, str(person.id))
    assert (actor.tenant_id, actor.role) == (person.tenant_id, Role.OWNER)
    row = await ctx.db.get_one(LoginSession, actor.session_id)
    assert row.token_hash == ctx.keyring.hash_token(signed.token)
    assert (row.ip, row.created_at) == (HERE, ctx.now())


async def test_the_same_letters_typed_on_another_keyboard_are_the_same_password(
    ctx: Context,
) -> None:
    await make_owner(ctx)
    assert await _try(ctx, PASSWORD.replace("fi", "\ufb01").replace(" ", "\u00a0")) == "in"


async def test_each_sign_in_is_a_session_of_its_own(ctx: Context) -> None:
    await make_owner(ctx)
    tokens = set()
    for _ in range(3):
        signed = await sessions.sign_in(visitor(ctx), EMAIL, PASSWORD)
        assert isinstance(signed, SignedIn)
        tokens.add(signed.token)
    assert len(tokens) == 3
    assert len((await ctx.db.scalars(select(LoginSession))).all()) == 3


@pytest.mark.parametrize(
    ("status", "home"),
    [(TenantStatus.PENDING, "/vendor/onboarding"), (TenantStatus.ACTIVE, "/vendor")],
)
async def test_a_vendor_begins_where_there_is_something_to_do(
    ctx: Context, status: TenantStatus, home: str
) -> None:
    await make_owner(ctx, status=status)
    signed = await sessions.sign_in(visitor(ctx), EMAIL, PASSWORD)
    assert isinstance(signed, SignedIn)
    assert signed.home == home


async def test_operations_begin_at_operations(ctx: Context) -> None:
    made = await people.create_ops(ctx, "ops@example.com", Role.OPS_VIEWER)
    signed = await sessions.sign_in(visitor(ctx), "ops@example.com", made.password)
    assert isinstance(signed, SignedIn)
    assert signed.home == "/ops"


@pytest.mark.parametrize(
    "who", ["unknown", "no address", "wrong password", "disabled", "no password"]
)
async def test_every_wrong_sign_in_answers_and_works_alike(
    ctx: Context, hasher: CountingHasher, who: str
) -> None:
    person = await make_owner(ctx)
    email, password = EMAIL, PASSWORD
    if who == "unknown":
        email = "nobody@example.com"
    elif who == "no address":
        email = "\ud800 no address"
    elif who == "wrong password":
        password = OTHER
    elif who == "disabled":
        person.disabled_at = ctx.now()
    else:
        for row in await ctx.db.scalars(select(Credential)):
            row.revoked_at = ctx.now()
    await ctx.db.flush()
    hasher.calls.clear()
    guest = visitor(ctx)
    with pytest.raises(NotSignedInError) as caught:
        await sessions.sign_in(guest, email, password)
    assert caught.value.reason == "wrong_credentials"
    assert caught.value.message == "The e-mail address or the password is not right."
    assert hasher.calls == ["verify"]
    (audit,) = guest.refusals
    assert (audit.kind, audit.result, audit.ip) == ("person.sign_in_refused", "denied", HERE)
    assert await _try(ctx, "\ud800") == "wrong_credentials"


async def test_a_hash_of_weaker_figures_is_renewed_at_sign_in(
    ctx: Context, hasher: CountingHasher
) -> None:
    await make_owner(ctx)
    (row,) = (await ctx.db.scalars(select(Credential))).all()
    row.secret_hash = await Argon2Hasher(memory_kib=16, rounds=2).hash(PASSWORD)
    await ctx.db.flush()
    assert await _try(ctx, PASSWORD) == "in"
    assert not hasher.is_outdated(row.secret_hash)
    assert await _try(ctx, PASSWORD) == "in"


async def test_a_password_changed_while_it_was_compared_opens_nothing(ctx: Context) -> None:
    person = await make_owner(ctx)

    class Slow(CountingHasher):
        async def verify(self, password: str, stored: str) -> bool:
            fits = await super().verify(password, stored)
            me = await people.by_email(ctx, EMAIL)
            assert me is not None
            from app.services import passwords

            await passwords.store(ctx, me, await self.hash(OTHER))
            return fits

    with pytest.raises(NotSignedInError):
        await sessions.sign_in(replace(visitor(ctx), hasher=Slow()), EMAIL, PASSWORD)
    rows = await ctx.db.scalars(
        select(LoginSession).where(col(LoginSession.person_id) == person.id)
    )
    assert rows.all() == []


# -- limits -----------------------------------------------------------------------------------


async def test_guessing_from_one_network_stops(ctx: Context) -> None:
    ctx.settings.limit_sign_in = "3/15 minutes"
    await make_owner(ctx)
    for number in range(3):
        assert await _try(ctx, email=f"nobody{number}@example.com") == "wrong_credentials"
    with pytest.raises(RateLimitedError) as caught:
        await sessions.sign_in(visitor(ctx), EMAIL, PASSWORD)
    assert caught.value.retry_after is not None
    assert 0 < caught.value.retry_after <= 900
    assert await _try(ctx, PASSWORD, ip="198.51.100.1") == "in"


async def test_an_ipv6_network_counts_as_one_place(ctx: Context) -> None:
    ctx.settings.limit_sign_in = "2/15 minutes"
    await make_owner(ctx)
    for host in (1, 2):
        await _try(ctx, email="nobody@example.com", ip=f"2001:db8:1:2::{host}")
    assert await _try(ctx, PASSWORD, ip="2001:db8:1:2::3") == "rate_limited"
    assert await _try(ctx, PASSWORD, ip="2001:db8:1:3::1") == "in"


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.com"])
async def test_guessing_one_account_from_many_networks_stops(ctx: Context, email: str) -> None:
    ctx.settings.limit_sign_in = "3/15 minutes"
    await make_owner(ctx)
    ends = [await _try(ctx, ip=f"198.51.100.{host}", email=email) for host in range(5)]
    assert ends == ["wrong_credentials"] * 3 + ["rate_limited"] * 2


async def test_successes_do_not_use_up_the_tries(ctx: Context) -> None:
    ctx.settings.limit_sign_in = "2/15 minutes"
    await make_owner(ctx)
    assert [await _try(ctx, PASSWORD) for _ in range(5)] == ["in"] * 5


async def test_strangers_cannot_shut_out_an_owner_at_a_known_place(ctx: Context) -> None:
    ctx.settings.limit_sign_in = "3/15 minutes"
    await make_owner(ctx)
    assert await _try(ctx, PASSWORD) == "in"
    for host in range(20):
        await _try(ctx, ip=f"198.51.100.{host}")
    assert await _try(ctx, PASSWORD, ip="198.51.100.99") == "rate_limited"
    assert await _try(ctx, PASSWORD) == "in"


async def test_an_owner_shut_out_everywhere_comes_in_by_a_mailed_link(ctx: Context) -> None:
    ctx.settings.limit_sign_in = "3/15 minutes"
    await make_owner(ctx)
    for host in range(5):
        await _try(ctx, ip=f"198.51.100.{host}")
    assert await _try(ctx, PASSWORD) == "rate_limited"
    await accounts.request_reset(visitor(ctx), EMAIL)
    await accounts.reset_password(visitor(ctx), await mailed_token(ctx, "reset_password"), OTHER)
    assert await _try(ctx, OTHER) == "in"


async def test_a_right_guess_in_a_burst_of_wrong_ones_is_refused(ctx: Context) -> None:
    ctx.settings.limit_sign_in = "2/15 minutes"
    await make_owner(ctx)

    class Busy(CountingHasher):
        async def verify(self, password: str, stored: str) -> bool:
            if password == PASSWORD:
                for _ in range(2):
                    await _try(ctx)
            return await super().verify(password, stored)

    with pytest.raises(RateLimitedError):
        await sessions.sign_in(replace(visitor(ctx), hasher=Busy()), EMAIL, PASSWORD)


async def test_a_flood_of_refusals_writes_few_rows(ctx: Context) -> None:
    ctx.settings.limit_sign_in = "1/15 minutes"
    await make_owner(ctx)
    await _try(ctx)
    ctx.refusals.clear()
    assert [await _try(ctx) for _ in range(10)] == ["rate_limited"] * 10
    assert [row.kind for row in ctx.refusals] == ["access.rate_limited"]


# -- sessions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", "x", "a" * 43])
async def test_what_is_no_session_is_nobody(ctx: Context, token: str) -> None:
    with pytest.raises(NotSignedInError):
        await sessions.authenticate(visitor(ctx), token)


async def test_a_session_ends_by_the_machines_clock_only(ctx: Context, clock: FixedClock) -> None:
    await make_owner(ctx)
    signed = await sessions.sign_in(visitor(ctx), EMAIL, PASSWORD)
    assert isinstance(signed, SignedIn)
    clock.advance(dt.timedelta(days=60))
    actor = await sessions.authenticate(visitor(ctx), signed.token)
    row = await ctx.db.get_one(LoginSession, actor.session_id)
    assert row.expires_at == signed.expires_at
    row.expires_at = wall_now() - dt.timedelta(seconds=1)
    await ctx.db.flush()
    with pytest.raises(NotSignedInError):
        await sessions.authenticate(visitor(ctx), signed.token)


async def test_who_is_disabled_is_out_at_once(ctx: Context) -> None:
    person = await make_owner(ctx)
    signed = await sessions.sign_in(visitor(ctx), EMAIL, PASSWORD)
    assert isinstance(signed, SignedIn)
    person.disabled_at = ctx.now()
    await ctx.db.flush()
    with pytest.raises(NotSignedInError):
        await sessions.authenticate(visitor(ctx), signed.token)


async def test_use_is_noted_every_few_minutes_and_never_while_reading(
    ctx: Context, clock: FixedClock
) -> None:
    await make_owner(ctx)
    signed = await sessions.sign_in(visitor(ctx), EMAIL, PASSWORD)
    assert isinstance(signed, SignedIn)
    row = (await ctx.db.scalars(select(LoginSession))).one()
    began = ctx.now()
    clock.advance(sessions.SEEN_EVERY - dt.timedelta(seconds=1))
    await sessions.authenticate(visitor(ctx), signed.token)
    assert row.last_seen_at == began
    clock.advance(dt.timedelta(seconds=1))
    await sessions.authenticate(replace(visitor(ctx), readonly=True), signed.token)
    assert row.last_seen_at == began
    await sessions.authenticate(visitor(ctx), signed.token)
    assert row.last_seen_at == ctx.now()


async def test_signing_out_ends_this_session_only(ctx: Context) -> None:
    await make_owner(ctx)
    other = await sign_in(ctx)
    me = await sign_in(ctx)
    await sessions.sign_out(me)
    assert [one.id for one in await sessions.list_sessions(other)] == [other.actor.session_id]


async def test_a_cookie_ends_its_session_whoever_sends_it(ctx: Context) -> None:
    await make_owner(ctx)
    signed = await sessions.sign_in(visitor(ctx), EMAIL, PASSWORD)
    assert isinstance(signed, SignedIn)
    for _ in range(2):
        await sessions.end(visitor(ctx), signed.token)
    with pytest.raises(NotSignedInError):
        await sessions.authenticate(visitor(ctx), signed.token)


async def test_the_list_shows_ones_own_living_sessions_with_the_current_first(ctx: Context) -> None:
    await make_owner(ctx)
    await make_owner(ctx, "other@example.com")
    first = await sign_in(ctx)
    gone = await sign_in(ctx)
    await sign_in(ctx, "other@example.com")
    me = await sign_in(ctx, ip="198.51.100.1")
    await sessions.sign_out(gone)
    shown = await sessions.list_sessions(me)
    assert [one.id for one in shown] == [me.actor.session_id, first.actor.session_id]
    assert [one.is_current for one in shown] == [True, False]
    assert shown[0].ip == "198.51.100.1"
    assert shown[0].browser == "Firefox on Linux"


async def test_a_session_is_revoked_by_its_owner_and_by_nobody_else(ctx: Context) -> None:
    await make_owner(ctx)
    await make_owner(ctx, "other@example.com")
    first, me = await sign_in(ctx), await sign_in(ctx)
    stranger = await sign_in(ctx, "other@example.com")
    assert first.actor.session_id is not None
    for session_id in (first.actor.session_id, new_id()):
        with pytest.raises(NotFoundError):
            await sessions.revoke_session(stranger, session_id)
    assert len(await sessions.list_sessions(me)) == 2
    await sessions.revoke_session(me, first.actor.session_id)
    assert [one.is_current for one in await sessions.list_sessions(me)] == [True]


async def test_all_other_sessions_end_at_once(ctx: Context) -> None:
    await make_owner(ctx)
    await make_owner(ctx, "other@example.com")
    stranger = await sign_in(ctx, "other@example.com")
    await sign_in(ctx)
    await sign_in(ctx)
    me = await sign_in(ctx)
    assert await sessions.revoke_others(me) == 2
    assert [one.is_current for one in await sessions.list_sessions(me)] == [True]
    assert len(await sessions.list_sessions(stranger)) == 1


async def test_strangers_have_no_sessions_to_list(ctx: Context) -> None:
    for use_case in (sessions.list_sessions, sessions.revoke_others, sessions.sign_out):
        with pytest.raises(NotSignedInError):
            await use_case(visitor(ctx))


async def test_a_sign_in_from_a_new_place_is_mailed_but_not_the_very_first(ctx: Context) -> None:
    person = await make_owner(ctx)
    await sign_in(ctx)
    await sign_in(ctx)
    assert await mails(ctx) == []
    await sign_in(ctx, ip="198.51.100.1")
    (mail,) = await mails(ctx, "login_new_device")
    assert (mail.recipient, mail.tenant_id) == (EMAIL, (await tenant_of(ctx, person)).id)
    assert mail.payload["ip"] == "198.51.100.1"
    assert mail.payload["device"] == "Firefox on Linux"
