"""Sign-up, confirmation of addresses, recovery: everything answers alike whoever has an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import IntegrityError

from app.core.clock import to_rfc3339
from app.core.errors import ConflictError, InvalidInputError
from app.core.ids import new_id
from app.core.locale import pick_locale
from app.rules.emails import normalise_email
from app.rules.fields import one_line
from app.rules.passwords import check_password
from app.services import links, outbox, passwords, people, throttle
from app.services.context import Context
from models.person import LinkPurpose, MailedLink, Person, Role
from models.tenant import Programme, Tenant

LONGEST_NAME: Final = 80
_CONFIRMING: Final = (LinkPurpose.CONFIRM_EMAIL, LinkPurpose.CHANGE_EMAIL)
_OF_PEOPLE: Final = (*_CONFIRMING, LinkPurpose.RESET_PASSWORD)


@dataclass(frozen=True, slots=True)
class ShownLink:
    """What a mailed link will do, for the page that asks before doing it."""

    purpose: LinkPurpose
    email: str


async def sign_up(
    ctx: Context, email: str, password: str, *, name: str = "", locale: str | None = None
) -> None:
    """Open a vendor account that waits for its address to be confirmed.

    The same answer and the same work whether the address is known or not: a known one gets a mail
    that says so. Until somebody has confirmed an address its newest sign-up counts, so that nobody
    can lie in wait in an account opened with another's address.
    Raises ``InvalidInputError``, ``RateLimitedError``.
    """
    address = normalise_email(email)
    chosen = check_password(password, address)
    called = one_line(name, "name", longest=LONGEST_NAME, shortest=0)
    await throttle.count(ctx, ctx.settings.limit_sign_up, "sign_up", throttle.place(ctx))
    await throttle.count(ctx, ctx.settings.limit_mail, "mail", address)
    hashed = await ctx.hasher.hash(chosen)
    person = await _open(ctx, address, called, pick_locale(locale))
    if person is None:
        person = await people.by_email(ctx, address, lock=True)
    if person is None or person.email_confirmed_at or person.disabled_at:
        await _tell_already(ctx, address, person)
        return
    await passwords.store(ctx, person, hashed)
    await passwords.end_sessions(ctx, person)
    await _ask_to_confirm(ctx, person)


async def resend_confirmation(ctx: Context, email: str | None = None) -> None:
    """Send the confirmation once more: to the acting person, or to an address, known or not."""
    if email is None:
        person: Person | None = await people.me(ctx)
        address = person.email
    else:
        address = normalise_email(email)
        person = await people.by_email(ctx, address)
        await throttle.count(ctx, ctx.settings.limit_sign_up, "resend", throttle.place(ctx))
    await throttle.count(ctx, ctx.settings.limit_mail, "mail", address)
    if person and not person.email_confirmed_at and not person.disabled_at:
        await _ask_to_confirm(ctx, person)


async def show_link(ctx: Context, token: str) -> ShownLink:
    """Tell what a mailed link would do and change nothing; raises ``NotFoundError``."""
    link = await links.find(ctx, token, _OF_PEOPLE)
    return ShownLink(link.purpose, link.email)


async def confirm_email(ctx: Context, token: str) -> Person:
    """Use up a link that proves an address: a new account's, or the one somebody changed to.

    Raises ``NotFoundError`` ``link_invalid``; ``ConflictError`` ``email_taken`` when another
    account has confirmed the address in the meantime.
    """
    link = await links.use(ctx, token, _CONFIRMING)
    person = await ctx.db.get_one(
        Person, link.person_id, with_for_update=True, populate_existing=True
    )
    if link.purpose is LinkPurpose.CHANGE_EMAIL:
        await _move_to(ctx, person, link)
    _confirm(ctx, person)
    return person


async def request_reset(ctx: Context, email: str) -> None:
    """Mail a link that sets a new password, if there is such an account; the answer is the same."""
    address = normalise_email(email)
    await throttle.count(ctx, ctx.settings.limit_sign_up, "reset", throttle.place(ctx))
    await throttle.count(ctx, ctx.settings.limit_mail, "mail", address)
    person = await people.by_email(ctx, address)
    is_usable = person is not None and person.disabled_at is None
    ctx.audit(
        "person.reset_requested",
        tenant_id=person.tenant_id if person else None,
        subject=("person", person.id if person else ""),
        result="success" if is_usable else "failure",
    )
    if person and is_usable:
        link, token = await links.issue(ctx, person, LinkPurpose.RESET_PASSWORD, address)
        await _mail_link(ctx, person, link, "reset_password", f"/reset#{token}")


async def reset_password(ctx: Context, token: str, password: str) -> Person:
    """Set a new password with a mailed link; every session and every other link ends.

    The link proves the address, so an address not confirmed yet is confirmed by it.
    Raises ``NotFoundError`` ``link_invalid``, ``InvalidInputError`` (the link stays good).
    """
    link = await links.find(ctx, token, [LinkPurpose.RESET_PASSWORD])
    chosen = check_password(password, link.email)
    await ctx.save()  # nothing may be locked while the hash is computed
    hashed = await ctx.hasher.hash(chosen)
    link = await links.use(ctx, token, [LinkPurpose.RESET_PASSWORD])
    person = await ctx.db.get_one(
        Person, link.person_id, with_for_update=True, populate_existing=True
    )
    if person.email == link.email:
        _confirm(ctx, person)
    await _replace_password(ctx, person, hashed, "person.password_reset")
    return person


async def change_password(ctx: Context, old: str, new: str) -> None:
    """Set a new password for the acting person; their other sessions and all links end.

    Raises ``ForbiddenError`` ``wrong_password``, ``InvalidInputError``, ``RateLimitedError``.
    """
    person = await people.me(ctx)
    chosen = check_password(new, person.email, field="new_password")
    await ctx.save()
    hashed = await ctx.hasher.hash(chosen)
    person = await passwords.prove(ctx, person, old)
    await _replace_password(ctx, person, hashed, "person.password_changed", but_this=True)


async def change_email(ctx: Context, email: str, password: str) -> None:
    """Ask the new address to confirm; nothing changes before. The answer tells nothing of others.

    Raises ``ForbiddenError`` ``wrong_password``, ``InvalidInputError``, ``RateLimitedError``.
    """
    address = normalise_email(email)
    person = await people.me(ctx)
    await throttle.count(ctx, ctx.settings.limit_mail, "mail", address)
    person = await passwords.prove(ctx, person, password)
    if address == person.email:
        raise InvalidInputError(
            "This is your address already.", fields=[("email", "must be another address")]
        )
    other = await people.by_email(ctx, address)
    if other and other.email_confirmed_at:
        await _tell_already(ctx, address, other)
        return
    link, token = await links.issue(ctx, person, LinkPurpose.CHANGE_EMAIL, address)
    await _mail_link(ctx, person, link, "change_email", f"/verify#{token}")
    ctx.audit("person.email_change_requested", subject=("person", person.id))


async def _open(ctx: Context, address: str, name: str, locale: str) -> Person | None:
    """Add tenant and owner; None when the address has an account (also one added just now)."""
    if await people.by_email(ctx, address) is not None:
        return None
    now = ctx.now()
    tenant = Tenant(programme=Programme.VENDOR, email=address, locale=locale, created_at=now)
    person = Person(tenant_id=tenant.id, email=address, name=name, role=Role.OWNER, created_at=now)
    try:
        async with ctx.db.begin_nested():
            ctx.db.add(tenant)
            await ctx.db.flush()
            ctx.db.add(person)
            await ctx.db.flush()
    except IntegrityError:  # somebody else was faster
        return None
    ctx.audit("vendor.signed_up", tenant_id=tenant.id, subject=("person", person.id))
    return person


def _confirm(ctx: Context, person: Person) -> None:
    if person.email_confirmed_at is None:
        person.email_confirmed_at = ctx.now()
        ctx.audit(
            "vendor.email_confirmed", tenant_id=person.tenant_id, subject=("person", person.id)
        )


async def _move_to(ctx: Context, person: Person, link: MailedLink) -> None:
    """Give a person the address a link has proved, and the tenant that was reached by the old one."""
    old = person.email
    other = await people.by_email(ctx, link.email, lock=True)
    if other and other.id != person.id:
        if other.email_confirmed_at:
            raise ConflictError("This address belongs to an account already.", reason="email_taken")
        # Its owner has just proved the address elsewhere: whoever opened this account never did.
        other.email, other.disabled_at = f"{other.id}@released.invalid", ctx.now()
        await passwords.end_sessions(ctx, other)
        await ctx.db.flush()
    tenant = await ctx.db.get(Tenant, person.tenant_id) if person.tenant_id else None
    person.email, person.email_confirmed_at = link.email, ctx.now()
    if tenant and tenant.email == old:
        tenant.email = link.email
    await links.void(ctx, person)
    await ctx.db.flush()
    await outbox.mail(
        ctx,
        "email_changed",
        to=old,
        key=f"email_changed/{link.id}",
        params={"email": link.email, "at": to_rfc3339(ctx.now()), "url": "/login"},
        tenant_id=person.tenant_id,
        locale=tenant.locale if tenant else "en",
    )
    ctx.audit("person.email_changed", tenant_id=person.tenant_id, subject=("person", person.id))


async def _replace_password(
    ctx: Context, person: Person, hashed: str, kind: str, *, but_this: bool = False
) -> None:
    await passwords.store(ctx, person, hashed)
    ended = await passwords.end_sessions(ctx, person, but_this=but_this)
    await links.void(ctx, person)
    ctx.audit(
        kind,
        tenant_id=person.tenant_id,
        subject=("person", person.id),
        body={"sessions_ended": ended},
    )
    await outbox.mail(
        ctx,
        "password_changed",
        to=person.email,
        key=f"password_changed/{new_id()}",
        params={"at": to_rfc3339(ctx.now()), "url": "/reset"},
        tenant_id=person.tenant_id,
        locale=await people.locale(ctx, person),
    )


async def _ask_to_confirm(ctx: Context, person: Person) -> None:
    link, token = await links.issue(ctx, person, LinkPurpose.CONFIRM_EMAIL, person.email)
    await _mail_link(ctx, person, link, "confirm_email", f"/verify#{token}")


async def _mail_link(
    ctx: Context, person: Person, link: MailedLink, template: str, path: str
) -> None:
    """Mail a secret; it stands in the URL's fragment, which no server ever sees or logs."""
    await outbox.mail(
        ctx,
        template,
        to=link.email,
        key=f"{template}/{link.id}",
        params={"hours": links.HOURS[link.purpose]},
        secrets={"url": path},
        tenant_id=person.tenant_id,
        locale=await people.locale(ctx, person),
    )


async def _tell_already(ctx: Context, address: str, person: Person | None) -> None:
    await outbox.mail(
        ctx,
        "already_registered",
        to=address,
        key=f"already_registered/{new_id()}",
        params={"url": "/login", "reset_url": "/reset"},
        locale=await people.locale(ctx, person) if person else "en",
    )
