"""The whole way in, once: from sign-up to an active vendor."""

from __future__ import annotations

from dataclasses import replace

from sqlmodel import col, select

from app.rules.onboarding import Step
from app.rules.statuses import PaymentMethodStatus, TenantStatus
from app.services import accounts, agreements, branding, onboarding, outbox, sessions
from app.services.agreements import Acceptance
from app.services.context import Actor, ActorKind, Context, Origin
from models.exchange import OutboxItem
from models.payment import PaymentMethod
from models.tenant import Tenant
from tests.fakes import FakeDocuments

PASSWORD = "correct horse battery staple"


async def test_from_sign_up_to_an_active_vendor(ctx: Context) -> None:
    nobody = replace(
        ctx,
        documents=FakeDocuments(),
        actor=Actor(ActorKind.ANONYMOUS, origin=Origin("203.0.113.7")),
    )
    await accounts.sign_up(nobody, "Owner@Example.com", PASSWORD, name="Olga Owner")
    mail = (
        await ctx.db.scalars(select(OutboxItem).where(col(OutboxItem.name) == "confirm_email"))
    ).one()
    token = outbox.mail_params(ctx, mail)["url"].partition("#")[2]
    await accounts.confirm_email(nobody, token)
    signed = await sessions.sign_in(nobody, "owner@example.com", PASSWORD)
    assert isinstance(signed, sessions.SignedIn)
    assert signed.home == "/vendor/onboarding"
    me = replace(nobody, actor=await sessions.authenticate(nobody, signed.token))
    assert (await onboarding.progress(me)).current is Step.TERMS
    shown = [Acceptance(one.slug, one.version, one.sha256) for one in agreements.texts(me)]
    await onboarding.accept_agreements(me, shown)
    await branding.save_branding(me, "Acme Toys")
    assert (await onboarding.progress(me)).current is Step.PAYMENT
    me.db.add(
        PaymentMethod(
            tenant_id=me.tenant_id,
            provider="stripe",
            status=PaymentMethodStatus.CONNECTED,
            created_at=me.now(),
        )
    )
    await me.db.flush()
    assert await onboarding.activate_if_ready(replace(ctx, documents=me.documents), me.tenant_id)
    tenant = await ctx.db.get_one(Tenant, me.tenant_id)
    assert tenant.status is TenantStatus.ACTIVE
    assert (await onboarding.overview(me)).progress.current is Step.TOKEN
