"""Visitors, owners with a password, and the secrets that reached their mailbox."""

from __future__ import annotations

from dataclasses import replace

from sqlmodel import col, select

from app.rules.statuses import TenantStatus
from app.services import outbox, passwords, sessions
from app.services.context import Actor, ActorKind, Context, Origin
from models.exchange import OutboxItem
from models.person import Person
from models.tenant import Tenant
from tests.factories import make_person, make_vendor

PASSWORD = "correct horse battery staple"
OTHER = "seven purple elephants dancing"
HERE = "203.0.113.7"


def visitor(ctx: Context, ip: str = HERE) -> Context:
    """The same unit of work as a stranger's request from an address."""
    return replace(ctx, actor=Actor(ActorKind.ANONYMOUS, origin=Origin(ip, "Firefox/140 Linux")))


async def make_owner(
    ctx: Context,
    email: str = "owner@example.com",
    *,
    confirmed: bool = True,
    status: TenantStatus = TenantStatus.ACTIVE,
) -> Person:
    """Add a vendor and its owner, who can sign in with ``PASSWORD``."""
    tenant = await make_vendor(ctx, email=email, status=status)
    person = await make_person(ctx, tenant, confirmed=confirmed)
    await give_password(ctx, person)
    return person


async def give_password(ctx: Context, person: Person, password: str = PASSWORD) -> None:
    await passwords.store(ctx, person, await ctx.hasher.hash(password))


async def sign_in(ctx: Context, email: str = "owner@example.com", ip: str = HERE) -> Context:
    """The same unit of work as if the owner acted in a new session."""
    guest = visitor(ctx, ip)
    signed = await sessions.sign_in(guest, email, PASSWORD)
    assert isinstance(signed, sessions.SignedIn)
    actor = await sessions.authenticate(guest, signed.token)
    return replace(guest, actor=replace(actor, origin=guest.actor.origin))


async def mails(ctx: Context, template: str = "") -> list[OutboxItem]:
    """What waits to be sent, oldest first."""
    query = select(OutboxItem).where(col(OutboxItem.recipient) != "").order_by(col(OutboxItem.id))
    rows = (await ctx.db.scalars(query)).all()
    return [row for row in rows if not template or row.name == template]


async def mailed_token(ctx: Context, template: str) -> str:
    """The secret of the newest link that a mail carries."""
    newest = (await mails(ctx, template))[-1]
    return str(outbox.mail_params(ctx, newest)["url"]).partition("#")[2]


async def tenant_of(ctx: Context, person: Person) -> Tenant:
    return await ctx.db.get_one(Tenant, person.tenant_id, populate_existing=True)
