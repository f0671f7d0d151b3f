"""Visitors, owners with a password, and the secrets that reached their mailbox."""

from __future__ import annotations

from dataclasses import replace

from sqlmodel import col, select

from app.rules.statuses import PaymentMethodStatus, TenantStatus
from app.services import agreements, onboarding, outbox, passwords, sessions
from app.services.agreements import Acceptance
from app.services.context import Actor, ActorKind, Context, Origin
from models.exchange import OutboxItem
from models.payment import PaymentMethod
from models.person import Person
from models.price import PriceContract
from models.tenant import Rail, Tenant
from tests.factories import make_person, make_vendor
from tests.fakes import FakeDocuments

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


async def newcomer(ctx: Context, *, confirmed: bool = True) -> Context:
    """The owner of a vendor that has only signed up, signed in; agreements are at version 1."""
    person = await make_owner(ctx, confirmed=confirmed, status=TenantStatus.PENDING)
    tenant = await tenant_of(ctx, person)
    tenant.display_name, tenant.rail = "", None
    for table in (PriceContract, PaymentMethod):
        for row in await ctx.db.scalars(select(table).where(col(table.tenant_id) == tenant.id)):
            await ctx.db.delete(row)
    await ctx.db.flush()
    return replace(await sign_in(ctx), documents=FakeDocuments())


def shown_agreements(ctx: Context, locale: str = "en") -> list[Acceptance]:
    return [Acceptance(one.slug, one.version, one.sha256) for one in agreements.texts(ctx, locale)]


async def connect(
    me: Context, *, rail: Rail = Rail.CARD, customer_ref: str = "cus_1"
) -> PaymentMethod:
    tenant = await onboarding.own_tenant(me)
    tenant.rail, tenant.currency = rail, "USD" if rail is Rail.CARD else "CNY"
    method = PaymentMethod(
        tenant_id=tenant.id,
        provider="stripe" if rail is Rail.CARD else "alipay",
        status=PaymentMethodStatus.CONNECTED,
        customer_ref=customer_ref,
        label="Visa ending 4242",
        created_at=me.now(),
    )
    me.db.add(method)
    await me.db.flush()
    return method
