"""Sign-up, confirmation and recovery."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from sqlalchemy import func
from sqlmodel import col, select

from app.core.clock import FixedClock
from app.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    RateLimitedError,
)
from app.rules.statuses import TenantStatus
from app.services import accounts, people, sessions
from app.services.context import Context
from models.audit import AuditEvent
from models.credential import Credential
from models.exchange import OutboxItem
from models.payment import PaymentMethod
from models.person import LinkPurpose, LoginSession, MailedLink, Person, Role
from models.price import PriceContract
from models.tenant import Programme, Tenant
from tests.fakes import CountingHasher
from tests.getting_in import (
    OTHER,
    PASSWORD,
    give_password,
    mailed_token,
    mails,
    make_owner,
    sign_in,
    tenant_of,
    visitor,
)

EMAIL = "owner@example.com"


async def _count(ctx: Context, model: type[Any]) -> int:
    return await ctx.db.scalar(select(func.count()).select_from(model)) or 0


async def _audited(ctx: Context, kind: str) -> list[AuditEvent]:
    return list(
        (await ctx.db.scalars(select(AuditEvent).where(col(AuditEvent.kind) == kind))).all()
    )


# -- sign-up ----------------------------------------------------------------------------------


async def test_sign_up_opens_a_pending_vendor_whose_owner_must_confirm(ctx: Context) -> None:
    await accounts.sign_up(visitor(ctx), " Owner@Example.COM ", PASSWORD, name="Olga", locale="zh")
    person = (await ctx.db.scalars(select(Person))).one()
    tenant = await tenant_of(ctx, person)
    assert (person.email, person.name, person.role) == (EMAIL, "Olga", Role.OWNER)
    assert person.email_confirmed_at is None
    assert (tenant.programme, tenant.status) == (Programme.VENDOR, TenantStatus.PENDING)
    assert (tenant.email, tenant.locale) == (EMAIL, "zh-CN")
    (mail,) = await mails(ctx)
    assert (mail.name, mail.recipient, mail.locale) == ("confirm_email", EMAIL, "zh-CN")
    assert len(await _audited(ctx, "vendor.signed_up")) == 1


async def test_nothing_is_provisioned_before_the_address_is_confirmed(ctx: Context) -> None:
    await accounts.sign_up(visitor(ctx), EMAIL, PASSWORD)
    assert await _count(ctx, PriceContract) == 0
    assert await _count(ctx, PaymentMethod) == 0
    assert [row.kind for row in await ctx.db.scalars(select(OutboxItem))] == ["mail"]


async def test_secrets_are_stored_as_hashes_only(ctx: Context) -> None:
    await accounts.sign_up(visitor(ctx), EMAIL, PASSWORD)
    token = await mailed_token(ctx, "confirm_email")
    link = (await ctx.db.scalars(select(MailedLink))).one()
    credential = (await ctx.db.scalars(select(Credential))).one()
    assert link.token_hash == ctx.keyring.hash_token(token)
    assert credential.secret_hash.startswith("$argon2id$")
    stored = json.dumps([row.model_dump(mode="json") for row in await mails(ctx)])
    assert token not in stored
    assert PASSWORD not in stored


@pytest.mark.parametrize("known", ["nobody", "confirmed", "unconfirmed", "operations", "disabled"])
async def test_sign_up_answers_and_works_alike_whoever_has_the_address(
    ctx: Context, hasher: CountingHasher, known: str
) -> None:
    if known == "operations":
        await people.create_ops(ctx, EMAIL, Role.OPS_VIEWER)
    elif known != "nobody":
        person = await make_owner(ctx, confirmed=known != "unconfirmed")
        person.disabled_at = ctx.now() if known == "disabled" else None
    await ctx.db.flush()
    hasher.calls.clear()
    assert await accounts.sign_up(visitor(ctx), EMAIL, OTHER) is None
    assert hasher.calls == ["hash"]
    assert len(await mails(ctx)) == 1


async def test_who_has_an_account_is_told_by_mail_and_nothing_changes(ctx: Context) -> None:
    await make_owner(ctx)
    await accounts.sign_up(visitor(ctx), EMAIL, OTHER, name="Somebody else")
    (mail,) = await mails(ctx)
    assert (mail.name, mail.recipient) == ("already_registered", EMAIL)
    assert await _count(ctx, Person) == await _count(ctx, Tenant) == 1
    assert isinstance(await sessions.sign_in(visitor(ctx), EMAIL, PASSWORD), sessions.SignedIn)


async def test_until_an_address_is_confirmed_its_newest_sign_up_counts(ctx: Context) -> None:
    await accounts.sign_up(visitor(ctx), EMAIL, OTHER)
    first = await mailed_token(ctx, "confirm_email")
    lurking = await sessions.sign_in(visitor(ctx), EMAIL, OTHER)
    assert isinstance(lurking, sessions.SignedIn)
    await accounts.sign_up(visitor(ctx), EMAIL, PASSWORD)
    with pytest.raises(NotFoundError):
        await accounts.confirm_email(visitor(ctx), first)
    with pytest.raises(NotSignedInError):
        await sessions.authenticate(visitor(ctx), lurking.token)
    with pytest.raises(NotSignedInError):
        await sessions.sign_in(visitor(ctx), EMAIL, OTHER)
    await accounts.confirm_email(visitor(ctx), await mailed_token(ctx, "confirm_email"))
    assert isinstance(await sessions.sign_in(visitor(ctx), EMAIL, PASSWORD), sessions.SignedIn)
    assert await _count(ctx, Person) == 1


@pytest.mark.parametrize(
    ("email", "password", "name", "field"),
    [
        ("nobody", PASSWORD, "", "email"),
        (EMAIL, "short", "", "password"),
        (EMAIL, "password1234", "", "password"),
        (EMAIL, PASSWORD, "a\u202eb", "name"),
    ],
)
async def test_a_bad_field_is_named_and_nothing_is_stored(
    ctx: Context, email: str, password: str, name: str, field: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        await accounts.sign_up(visitor(ctx), email, password, name=name)
    assert caught.value.fields[0][0] == field
    assert await _count(ctx, Person) == await _count(ctx, Tenant) == 0


async def test_one_network_signs_up_so_often_only(ctx: Context) -> None:
    ctx.settings.limit_sign_up = "2/hour"
    for number in range(2):
        await accounts.sign_up(visitor(ctx), f"owner{number}@example.com", PASSWORD)
    with pytest.raises(RateLimitedError) as caught:
        await accounts.sign_up(visitor(ctx), "owner3@example.com", PASSWORD)
    assert caught.value.retry_after is not None
    assert caught.value.retry_after > 0
    await accounts.sign_up(visitor(ctx, "198.51.100.1"), "owner3@example.com", PASSWORD)


@pytest.mark.parametrize("known", [False, True])
async def test_one_address_gets_so_many_mails_only(ctx: Context, known: bool) -> None:
    ctx.settings.limit_mail = "2/hour"
    if known:
        await make_owner(ctx)
    for number in range(2):
        await accounts.request_reset(visitor(ctx, f"198.51.100.{number}"), EMAIL)
    with pytest.raises(RateLimitedError):
        await accounts.request_reset(visitor(ctx, "198.51.100.9"), EMAIL)
    assert len(await mails(ctx)) == (2 if known else 0)


# -- confirmation -----------------------------------------------------------------------------


async def test_looking_at_a_link_does_not_use_it(ctx: Context) -> None:
    await accounts.sign_up(visitor(ctx), EMAIL, PASSWORD)
    token = await mailed_token(ctx, "confirm_email")
    for _ in range(3):
        shown = await accounts.show_link(visitor(ctx), token)
        assert shown == accounts.ShownLink(LinkPurpose.CONFIRM_EMAIL, EMAIL)
    person = (await ctx.db.scalars(select(Person))).one()
    assert person.email_confirmed_at is None
    await accounts.confirm_email(visitor(ctx), token)
    assert person.email_confirmed_at == ctx.now()
    assert len(await _audited(ctx, "vendor.email_confirmed")) == 1


async def test_a_link_works_once(ctx: Context) -> None:
    await accounts.sign_up(visitor(ctx), EMAIL, PASSWORD)
    token = await mailed_token(ctx, "confirm_email")
    await accounts.confirm_email(visitor(ctx), token)
    for again in (accounts.confirm_email, accounts.show_link):
        with pytest.raises(NotFoundError) as caught:
            await again(visitor(ctx), token)
        assert caught.value.reason == "link_invalid"


async def test_a_confirmation_works_for_a_day(ctx: Context, clock: FixedClock) -> None:
    await accounts.sign_up(visitor(ctx), EMAIL, PASSWORD)
    token = await mailed_token(ctx, "confirm_email")
    clock.advance(dt.timedelta(hours=24))
    with pytest.raises(NotFoundError):
        await accounts.confirm_email(visitor(ctx), token)
    await accounts.resend_confirmation(visitor(ctx), EMAIL)
    clock.advance(dt.timedelta(hours=23, minutes=59))
    await accounts.confirm_email(visitor(ctx), await mailed_token(ctx, "confirm_email"))


async def test_a_link_sent_again_replaces_the_one_before(ctx: Context) -> None:
    await accounts.sign_up(visitor(ctx), EMAIL, PASSWORD)
    first = await mailed_token(ctx, "confirm_email")
    await accounts.resend_confirmation(visitor(ctx), EMAIL)
    with pytest.raises(NotFoundError):
        await accounts.confirm_email(visitor(ctx), first)
    await accounts.confirm_email(visitor(ctx), await mailed_token(ctx, "confirm_email"))


async def test_nothing_is_sent_again_to_whom_it_does_not_concern(ctx: Context) -> None:
    await make_owner(ctx)
    await accounts.resend_confirmation(visitor(ctx), EMAIL)
    await accounts.resend_confirmation(visitor(ctx), "nobody@example.com")
    assert await mails(ctx) == []


async def test_the_signed_in_owner_asks_for_the_confirmation_without_naming_an_address(
    ctx: Context,
) -> None:
    await make_owner(ctx, confirmed=False, status=TenantStatus.PENDING)
    me = await sign_in(ctx)
    await accounts.resend_confirmation(me)
    assert [mail.recipient for mail in await mails(ctx, "confirm_email")] == [EMAIL]
    with pytest.raises(NotSignedInError):
        await accounts.resend_confirmation(visitor(ctx))


@pytest.mark.parametrize("token", ["", "x", "\ud800" * 43, "a" * 43, None, 7, {"a": 1}])
async def test_what_is_no_link_is_an_invalid_link(ctx: Context, token: Any) -> None:
    with pytest.raises(NotFoundError):
        await accounts.show_link(visitor(ctx), token)
    with pytest.raises(NotFoundError):
        await accounts.confirm_email(visitor(ctx), token)


async def test_a_link_does_only_what_it_was_sent_for(ctx: Context) -> None:
    await make_owner(ctx, confirmed=False)
    await accounts.resend_confirmation(visitor(ctx), EMAIL)
    await accounts.request_reset(visitor(ctx), EMAIL)
    with pytest.raises(NotFoundError):
        await accounts.reset_password(visitor(ctx), await mailed_token(ctx, "confirm_email"), OTHER)
    with pytest.raises(NotFoundError):
        await accounts.confirm_email(visitor(ctx), await mailed_token(ctx, "reset_password"))


# -- recovery ---------------------------------------------------------------------------------


async def test_a_reset_replaces_the_password_and_ends_every_session(ctx: Context) -> None:
    person = await make_owner(ctx)
    signed = await sessions.sign_in(visitor(ctx), EMAIL, PASSWORD)
    assert isinstance(signed, sessions.SignedIn)
    await accounts.request_reset(visitor(ctx), EMAIL)
    await accounts.reset_password(visitor(ctx), await mailed_token(ctx, "reset_password"), OTHER)
    with pytest.raises(NotSignedInError):
        await sessions.authenticate(visitor(ctx), signed.token)
    with pytest.raises(NotSignedInError):
        await sessions.sign_in(visitor(ctx), EMAIL, PASSWORD)
    assert isinstance(await sessions.sign_in(visitor(ctx), EMAIL, OTHER), sessions.SignedIn)
    (audit,) = await _audited(ctx, "person.password_reset")
    assert audit.tenant_id == person.tenant_id
    assert audit.body == {"sessions_ended": 1}
    assert [mail.recipient for mail in await mails(ctx, "password_changed")] == [EMAIL]


async def test_the_old_hash_is_forgotten(ctx: Context) -> None:
    person = await make_owner(ctx)
    await give_password(ctx, person, OTHER)
    rows = (await ctx.db.scalars(select(Credential).order_by(col(Credential.created_at)))).all()
    assert sorted(bool(row.secret_hash) for row in rows) == [False, True]


async def test_a_reset_link_does_not_outlive_a_password_change(ctx: Context) -> None:
    await make_owner(ctx)
    await accounts.request_reset(visitor(ctx), EMAIL)
    token = await mailed_token(ctx, "reset_password")
    await accounts.change_password(await sign_in(ctx), PASSWORD, OTHER)
    with pytest.raises(NotFoundError):
        await accounts.reset_password(visitor(ctx), token, "another long sentence here")


async def test_a_weak_password_leaves_the_reset_link_good(ctx: Context) -> None:
    await make_owner(ctx)
    await accounts.request_reset(visitor(ctx), EMAIL)
    token = await mailed_token(ctx, "reset_password")
    with pytest.raises(InvalidInputError):
        await accounts.reset_password(visitor(ctx), token, "short")
    await accounts.reset_password(visitor(ctx), token, OTHER)


async def test_a_reset_link_works_for_an_hour(ctx: Context, clock: FixedClock) -> None:
    await make_owner(ctx)
    await accounts.request_reset(visitor(ctx), EMAIL)
    clock.advance(dt.timedelta(hours=1))
    with pytest.raises(NotFoundError):
        await accounts.reset_password(
            visitor(ctx), await mailed_token(ctx, "reset_password"), OTHER
        )


async def test_a_reset_proves_the_address(ctx: Context) -> None:
    person = await make_owner(ctx, confirmed=False)
    await accounts.request_reset(visitor(ctx), EMAIL)
    await accounts.reset_password(visitor(ctx), await mailed_token(ctx, "reset_password"), OTHER)
    assert person.email_confirmed_at == ctx.now()


@pytest.mark.parametrize("known", ["nobody", "disabled"])
async def test_asking_for_a_reset_tells_nothing(
    ctx: Context, hasher: CountingHasher, known: str
) -> None:
    if known == "disabled":
        (await make_owner(ctx)).disabled_at = ctx.now()
        await ctx.db.flush()
    hasher.calls.clear()
    assert await accounts.request_reset(visitor(ctx), EMAIL) is None
    assert (await mails(ctx), hasher.calls) == ([], [])
    (audit,) = await _audited(ctx, "person.reset_requested")
    assert audit.result == "failure"


# -- changes by the owner ---------------------------------------------------------------------


async def test_changing_the_password_ends_the_other_sessions_only(ctx: Context) -> None:
    await make_owner(ctx)
    other = await sessions.sign_in(visitor(ctx), EMAIL, PASSWORD)
    assert isinstance(other, sessions.SignedIn)
    me = await sign_in(ctx)
    await accounts.change_password(me, PASSWORD, OTHER)
    with pytest.raises(NotSignedInError):
        await sessions.authenticate(visitor(ctx), other.token)
    assert [one.is_current for one in await sessions.list_sessions(me)] == [True]


async def test_changing_the_password_needs_the_old_one(ctx: Context) -> None:
    await make_owner(ctx)
    me = await sign_in(ctx)
    with pytest.raises(ForbiddenError) as caught:
        await accounts.change_password(me, OTHER, "another long sentence here")
    assert caught.value.reason == "wrong_password"
    assert [one.kind for one in me.refusals] == ["person.password_refused"]
    assert isinstance(await sessions.sign_in(visitor(ctx), EMAIL, PASSWORD), sessions.SignedIn)


async def test_guessing_the_old_password_is_limited(ctx: Context) -> None:
    ctx.settings.limit_sign_in = "2/hour"
    await make_owner(ctx)
    me = await sign_in(ctx)
    for _ in range(2):
        with pytest.raises(ForbiddenError):
            await accounts.change_password(me, "wrong", OTHER)
    with pytest.raises(RateLimitedError):
        await accounts.change_password(me, PASSWORD, OTHER)


async def test_a_new_address_counts_when_it_is_confirmed(ctx: Context) -> None:
    person = await make_owner(ctx)
    me = await sign_in(ctx)
    await accounts.change_email(me, "new@example.com", PASSWORD)
    assert person.email == EMAIL
    token = await mailed_token(ctx, "change_email")
    await accounts.confirm_email(visitor(ctx), token)
    assert person.email == "new@example.com"
    assert (await tenant_of(ctx, person)).email == "new@example.com"
    assert [mail.recipient for mail in await mails(ctx, "email_changed")] == [EMAIL]
    assert len(await _audited(ctx, "person.email_changed")) == 1


async def test_a_changed_address_keeps_where_bills_go_if_they_went_elsewhere(ctx: Context) -> None:
    person = await make_owner(ctx)
    (await tenant_of(ctx, person)).email = "billing@example.com"
    await ctx.db.flush()
    await accounts.change_email(await sign_in(ctx), "new@example.com", PASSWORD)
    await accounts.confirm_email(visitor(ctx), await mailed_token(ctx, "change_email"))
    assert (await tenant_of(ctx, person)).email == "billing@example.com"


async def test_asking_for_anothers_address_tells_nothing_and_takes_nothing(ctx: Context) -> None:
    await make_owner(ctx)
    other = await make_owner(ctx, "other@example.com")
    assert await accounts.change_email(await sign_in(ctx), "other@example.com", PASSWORD) is None
    (mail,) = await mails(ctx)
    assert (mail.name, mail.recipient) == ("already_registered", "other@example.com")
    assert other.email == "other@example.com"


async def test_an_address_taken_meanwhile_is_a_conflict(ctx: Context) -> None:
    person = await make_owner(ctx)
    await accounts.change_email(await sign_in(ctx), "new@example.com", PASSWORD)
    await make_owner(ctx, "new@example.com")
    with pytest.raises(ConflictError) as caught:
        await accounts.confirm_email(visitor(ctx), await mailed_token(ctx, "change_email"))
    assert caught.value.reason == "email_taken"
    assert person.email == EMAIL


async def test_nobody_keeps_an_address_away_from_its_owner_by_an_unconfirmed_account(
    ctx: Context,
) -> None:
    person = await make_owner(ctx)
    squatter = await make_owner(ctx, "new@example.com", confirmed=False)
    await accounts.change_email(await sign_in(ctx), "new@example.com", PASSWORD)
    await accounts.confirm_email(visitor(ctx), await mailed_token(ctx, "change_email"))
    assert person.email == "new@example.com"
    assert squatter.disabled_at is not None


async def test_changing_the_address_needs_the_password(ctx: Context) -> None:
    await make_owner(ctx)
    with pytest.raises(ForbiddenError):
        await accounts.change_email(await sign_in(ctx), "new@example.com", OTHER)
    assert await mails(ctx) == []


async def test_the_present_address_is_no_change(ctx: Context) -> None:
    await make_owner(ctx)
    with pytest.raises(InvalidInputError):
        await accounts.change_email(await sign_in(ctx), EMAIL.upper(), PASSWORD)


async def test_strangers_and_tokens_change_nothing(ctx: Context) -> None:
    for use_case in (
        accounts.change_password(visitor(ctx), PASSWORD, OTHER),
        accounts.change_email(visitor(ctx), "new@example.com", PASSWORD),
    ):
        with pytest.raises(NotSignedInError):
            await use_case
    assert await _count(ctx, LoginSession) == 0
