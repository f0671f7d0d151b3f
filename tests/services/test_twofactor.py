"""The second factor at sign-in, its codes and its recovery codes."""

from __future__ import annotations

import base64
import datetime as dt

import pytest
from pyotp.totp import TOTP
from sqlmodel import col, select

from app.core.clock import wall_now
from app.core.errors import (
    ConflictError,
    DomainError,
    ForbiddenError,
    InvalidInputError,
    NotSignedInError,
    RateLimitedError,
)
from app.services import accounts, sessions, tickets, twofactor
from app.services.context import Context
from app.services.sessions import NeedsTotp, SignedIn
from models.audit import AuditEvent
from models.credential import Credential, CredentialKind
from models.person import LoginSession
from tests.getting_in import (
    OTHER,
    PASSWORD,
    mailed_token,
    mails,
    make_owner,
    sign_in,
    visitor,
)

EMAIL = "owner@example.com"


NOW = wall_now()


@pytest.fixture(autouse=True)
def _no_step_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that straddles the end of a step would see its codes age."""
    monkeypatch.setattr(twofactor, "wall_now", lambda: NOW)


def _code(secret: str, steps: int = 0) -> str:
    """The code of a step: 0 is now, and one step either way is accepted as well."""
    return TOTP(secret).at(NOW + dt.timedelta(seconds=twofactor.PERIOD * steps))


async def _switch_on(me: Context) -> tuple[str, list[str]]:
    """Switch the second factor on; the code of the step before is used up by it."""
    enrolment = await twofactor.enrol(me, PASSWORD)
    codes = await twofactor.confirm(me, _code(enrolment.secret, -1))
    return enrolment.secret, codes


async def _ticket(ctx: Context) -> str:
    needs = await sessions.sign_in(visitor(ctx), EMAIL, PASSWORD)
    assert isinstance(needs, NeedsTotp)
    return needs.ticket


async def _finish(ctx: Context, ticket: str, code: str) -> str:
    """Return how a sign-in ended: ``in``, or the reason of the refusal."""
    try:
        await sessions.finish_sign_in(visitor(ctx), ticket, code)
    except DomainError as error:
        return error.reason
    return "in"


async def test_an_app_gets_a_secret_that_is_stored_sealed(ctx: Context) -> None:
    await make_owner(ctx)
    me = await sign_in(ctx)
    enrolment = await twofactor.enrol(me, PASSWORD)
    assert enrolment.uri.startswith("otpauth://totp/Turnpike:owner%40example.com?")
    assert f"secret={enrolment.secret}" in enrolment.uri
    assert enrolment.qr_svg.startswith("data:image/svg+xml")
    row = (
        await ctx.db.scalars(select(Credential).where(col(Credential.kind) == CredentialKind.TOTP))
    ).one()
    assert row.sealed is not None
    assert enrolment.secret.encode() not in row.sealed
    assert ctx.keyring.unseal(row.sealed, purpose="totp").decode() == enrolment.secret


async def test_nothing_is_on_before_a_first_code(ctx: Context) -> None:
    await make_owner(ctx)
    me = await sign_in(ctx)
    await twofactor.enrol(me, PASSWORD)
    assert await twofactor.status(me) == twofactor.TwoFactorStatus(is_on=False, codes_left=0)
    with pytest.raises(InvalidInputError) as caught:
        await twofactor.confirm(me, "000000x")
    assert caught.value.fields[0][0] == "code"
    assert isinstance(await sessions.sign_in(visitor(ctx), EMAIL, PASSWORD), SignedIn)


async def test_switching_on_gives_recovery_codes_and_ends_other_sessions(ctx: Context) -> None:
    await make_owner(ctx)
    await sign_in(ctx)
    me = await sign_in(ctx)
    _, codes = await _switch_on(me)
    assert len(set(codes)) == twofactor.RECOVERY_CODES
    assert await twofactor.status(me) == twofactor.TwoFactorStatus(is_on=True, codes_left=10)
    assert [one.is_current for one in await sessions.list_sessions(me)] == [True]
    assert [mail.recipient for mail in await mails(ctx, "two_factor_on")] == [EMAIL]
    stored = [row.lookup for row in await ctx.db.scalars(select(Credential))]
    assert not any(code in lookup for code in codes for lookup in stored)


async def test_beginning_again_forgets_the_secret_before(ctx: Context) -> None:
    await make_owner(ctx)
    me = await sign_in(ctx)
    first = await twofactor.enrol(me, PASSWORD)
    second = await twofactor.enrol(me, PASSWORD)
    with pytest.raises(InvalidInputError):
        await twofactor.confirm(me, _code(first.secret))
    await twofactor.confirm(me, _code(second.secret))


async def test_what_is_on_cannot_be_set_up_again(ctx: Context) -> None:
    await make_owner(ctx)
    me = await sign_in(ctx)
    await _switch_on(me)
    with pytest.raises(ConflictError):
        await twofactor.enrol(me, PASSWORD)
    with pytest.raises(ConflictError):
        await twofactor.confirm(me, "123456")


async def test_every_change_needs_the_password(ctx: Context) -> None:
    await make_owner(ctx)
    me = await sign_in(ctx)
    with pytest.raises(ForbiddenError):
        await twofactor.enrol(me, OTHER)
    await _switch_on(me)
    for change in (twofactor.disable, twofactor.renew_recovery_codes):
        with pytest.raises(ForbiddenError):
            await change(me, OTHER)
    assert (await twofactor.status(me)).is_on


# -- at sign-in -------------------------------------------------------------------------------


async def test_the_password_alone_opens_nothing(ctx: Context) -> None:
    await make_owner(ctx)
    secret, _ = await _switch_on(await sign_in(ctx))
    before = len((await ctx.db.scalars(select(LoginSession))).all())
    ticket = await _ticket(ctx)
    assert len((await ctx.db.scalars(select(LoginSession))).all()) == before
    signed = await sessions.finish_sign_in(visitor(ctx), ticket, _code(secret))
    assert (await sessions.authenticate(visitor(ctx), signed.token)).session_id


async def test_the_code_may_come_with_the_password(ctx: Context) -> None:
    await make_owner(ctx)
    secret, _ = await _switch_on(await sign_in(ctx))
    signed = await sessions.sign_in(visitor(ctx), EMAIL, PASSWORD, _code(secret))
    assert isinstance(signed, SignedIn)


async def test_a_code_works_once(ctx: Context) -> None:
    await make_owner(ctx)
    secret, _ = await _switch_on(await sign_in(ctx))
    code = _code(secret)
    assert await _finish(ctx, await _ticket(ctx), code) == "in"
    assert await _finish(ctx, await _ticket(ctx), code) == "wrong_code"


async def test_a_code_older_than_the_last_one_used_is_refused(ctx: Context) -> None:
    await make_owner(ctx)
    secret, _ = await _switch_on(await sign_in(ctx))
    assert await _finish(ctx, await _ticket(ctx), _code(secret, 1)) == "in"
    assert await _finish(ctx, await _ticket(ctx), _code(secret, 0)) == "wrong_code"


async def test_the_first_code_of_all_cannot_be_used_again_at_sign_in(ctx: Context) -> None:
    await make_owner(ctx)
    me = await sign_in(ctx)
    enrolment = await twofactor.enrol(me, PASSWORD)
    code = _code(enrolment.secret)
    await twofactor.confirm(me, code)
    assert await _finish(ctx, await _ticket(ctx), code) == "wrong_code"


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "abcdef", "aaaaa-bbbbb", "\ud800", "１２３４５６"]
)
async def test_a_wrong_code_is_refused_and_noted(ctx: Context, code: str) -> None:
    await make_owner(ctx)
    await _switch_on(await sign_in(ctx))
    assert await _finish(ctx, await _ticket(ctx), code) == "wrong_code"
    assert [row.body for row in ctx.refusals] == [{"reason": "wrong_code"}]


async def test_guessing_codes_is_limited(ctx: Context) -> None:
    ctx.settings.limit_sign_in = "3/15 minutes"
    await make_owner(ctx)
    secret, _ = await _switch_on(await sign_in(ctx))
    ticket = await _ticket(ctx)
    for _ in range(3):
        assert await _finish(ctx, ticket, "12345") == "wrong_code"
    assert await _finish(ctx, ticket, _code(secret)) == "rate_limited"
    with pytest.raises(RateLimitedError):
        await sessions.sign_in(visitor(ctx), EMAIL, PASSWORD)


async def test_a_recovery_code_works_once_however_it_is_typed(ctx: Context) -> None:
    await make_owner(ctx)
    me = await sign_in(ctx)
    _, codes = await _switch_on(me)
    assert await _finish(ctx, await _ticket(ctx), codes[0]) == "in"
    assert await _finish(ctx, await _ticket(ctx), codes[0]) == "wrong_code"
    typed = codes[1].upper().replace("-", " ")
    assert await _finish(ctx, await _ticket(ctx), typed) == "in"
    assert (await twofactor.status(me)).codes_left == 8
    rows = await ctx.db.scalars(
        select(AuditEvent).where(col(AuditEvent.kind) == "person.recovery_code_used")
    )
    assert len(rows.all()) == 2


async def test_a_recovery_code_belongs_to_its_person(ctx: Context) -> None:
    await make_owner(ctx)
    await make_owner(ctx, "other@example.com")
    await _switch_on(await sign_in(ctx))
    _, foreign = await _switch_on(await sign_in(ctx, "other@example.com"))
    assert await _finish(ctx, await _ticket(ctx), foreign[0]) == "wrong_code"


async def test_new_recovery_codes_replace_the_old_ones(ctx: Context) -> None:
    await make_owner(ctx)
    me = await sign_in(ctx)
    _, old = await _switch_on(me)
    new = await twofactor.renew_recovery_codes(me, PASSWORD)
    assert await _finish(ctx, await _ticket(ctx), old[0]) == "wrong_code"
    assert await _finish(ctx, await _ticket(ctx), new[0]) == "in"


async def test_switching_off_leaves_the_password_alone_and_forgets_the_rest(ctx: Context) -> None:
    await make_owner(ctx)
    me = await sign_in(ctx)
    await _switch_on(me)
    await twofactor.disable(me, PASSWORD)
    assert await twofactor.status(me) == twofactor.TwoFactorStatus(is_on=False, codes_left=0)
    assert isinstance(await sessions.sign_in(visitor(ctx), EMAIL, PASSWORD), SignedIn)
    assert all(row.sealed is None for row in await ctx.db.scalars(select(Credential)))
    assert len(await mails(ctx, "two_factor_off")) == 1
    with pytest.raises(ConflictError):
        await twofactor.renew_recovery_codes(me, PASSWORD)


async def test_a_second_factor_survives_a_new_password(ctx: Context) -> None:
    await make_owner(ctx)
    await _switch_on(await sign_in(ctx))
    await accounts.request_reset(visitor(ctx), EMAIL)
    await accounts.reset_password(visitor(ctx), await mailed_token(ctx, "reset_password"), OTHER)
    assert isinstance(await sessions.sign_in(visitor(ctx), EMAIL, OTHER), NeedsTotp)


# -- the ticket -------------------------------------------------------------------------------


async def test_a_ticket_does_not_outlive_a_password_change(ctx: Context) -> None:
    await make_owner(ctx)
    me = await sign_in(ctx)
    secret, _ = await _switch_on(me)
    ticket = await _ticket(ctx)
    await accounts.change_password(me, PASSWORD, OTHER)
    assert await _finish(ctx, ticket, _code(secret)) == "sign_in_expired"


async def test_a_ticket_ends_after_a_few_minutes(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_owner(ctx)
    secret, _ = await _switch_on(await sign_in(ctx))
    monkeypatch.setattr(tickets, "MINUTES", 0)
    assert await _finish(ctx, await _ticket(ctx), _code(secret)) == "sign_in_expired"


async def test_a_ticket_of_somebody_disabled_is_worth_nothing(ctx: Context) -> None:
    person = await make_owner(ctx)
    secret, _ = await _switch_on(await sign_in(ctx))
    ticket = await _ticket(ctx)
    person.disabled_at = ctx.now()
    await ctx.db.flush()
    assert await _finish(ctx, ticket, _code(secret)) == "sign_in_expired"


async def test_only_our_own_tickets_are_read(ctx: Context) -> None:
    await make_owner(ctx)
    secret, _ = await _switch_on(await sign_in(ctx))
    ticket = await _ticket(ctx)
    forged = ctx.keyring.seal(b"[]", purpose="totp")
    bent = ticket[:-6] + ("A" if ticket[-6] != "A" else "B") + ticket[-5:]
    for bad in ("", "x", "\ud800", bent, base64.urlsafe_b64encode(forged).decode()):
        assert await _finish(ctx, bad, _code(secret)) == "sign_in_expired"
    with pytest.raises(NotSignedInError):
        tickets.read(ctx, None)
