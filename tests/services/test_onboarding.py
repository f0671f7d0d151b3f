"""The wizard's steps, the agreements, the branding, and when a vendor becomes active."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace
from uuid import UUID

import pytest
from PIL import Image
from sqlmodel import col, select

from app.core.clock import FixedClock
from app.core.errors import (
    ConflictError,
    DomainError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    NotSignedInError,
    TooLargeError,
)
from app.core.ids import new_id
from app.rules.onboarding import Step
from app.rules.statuses import PaymentMethodStatus, TenantStatus
from app.services import agreements, branding, credentials, onboarding
from app.services.context import Context
from models.agreement import AgreementAcceptance
from models.audit import AuditEvent
from models.exchange import OutboxItem, OutboxKind
from models.person import Person, Role
from models.price import PriceContract
from models.stored_file import StoredFile
from models.tenant import Rail, Tenant
from tests.factories import as_nobody, as_ops, as_token, as_vendor, make_device, make_vendor
from tests.fakes import FakeDocuments
from tests.getting_in import (
    HERE,
    connect,
    mails,
    make_owner,
    newcomer,
    shown_agreements,
    sign_in,
)


async def _audited(ctx: Context, kind: str) -> list[AuditEvent]:
    return list(
        (await ctx.db.scalars(select(AuditEvent).where(col(AuditEvent.kind) == kind))).all()
    )


def _picture(kind: str = "PNG", size: tuple[int, int] = (64, 64)) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, "teal").save(stream, kind)
    return stream.getvalue()


# -- the way ----------------------------------------------------------------------------------


async def test_each_step_opens_the_next_one_and_is_found_again_anywhere(ctx: Context) -> None:
    me = await newcomer(ctx)

    async def at() -> Step | None:
        elsewhere = replace(await sign_in(ctx, ip="198.51.100.1"), documents=me.documents)
        return (await onboarding.progress(elsewhere)).current

    assert await at() is Step.TERMS
    await onboarding.accept_agreements(me, shown_agreements(me))
    assert await at() is Step.BRANDING
    await branding.save_branding(me, "Acme Toys")
    assert await at() is Step.PAYMENT
    await connect(me)
    assert await onboarding.activate_if_ready(me, me.tenant_id)
    assert await at() is Step.TOKEN
    await credentials.issue(me, "Factory")
    assert await at() is Step.FIRST_DEVICE
    tenant = await onboarding.own_tenant(me)
    await make_device(ctx, tenant)
    tenant.first_device_at = me.now()
    await ctx.db.flush()
    assert await at() is None


async def test_nothing_is_done_before_the_address_is_confirmed(ctx: Context) -> None:
    me = await newcomer(ctx, confirmed=False)
    assert (await onboarding.progress(me)).current is Step.CONFIRM_EMAIL
    acts = (
        onboarding.accept_agreements(me, shown_agreements(me)),
        branding.save_branding(me, "Acme Toys"),
        branding.save_logo(me, _picture()),
    )
    for act in acts:
        with pytest.raises(ConflictError) as caught:
            await act
        assert caught.value.reason == "step_not_open"


async def test_a_step_cannot_be_skipped_but_gone_back_to(ctx: Context) -> None:
    me = await newcomer(ctx)
    with pytest.raises(ConflictError):
        await branding.save_branding(me, "Acme Toys")
    await onboarding.accept_agreements(me, shown_agreements(me))
    with pytest.raises(ConflictError):
        await onboarding.require_step(me, Step.PAYMENT)
    await branding.save_branding(me, "Acme Toys")
    for step in (Step.CONFIRM_EMAIL, Step.TERMS, Step.BRANDING, Step.PAYMENT):
        await onboarding.require_step(me, step)
    await branding.save_branding(me, "Acme Toys and Games")
    assert (await onboarding.overview(me)).display_name == "Acme Toys and Games"


async def test_the_overview_says_everything_the_wizard_shows(
    ctx: Context, clock: FixedClock
) -> None:
    me = await newcomer(ctx)
    before = await onboarding.overview(me)
    assert (before.email, before.status) == ("owner@example.com", TenantStatus.PENDING)
    assert before.pending_agreements == ("terms", "dpa")
    assert (before.payment_status, before.tokens, before.has_logo) == (None, 0, False)
    assert before.time_to_first_device is None
    await onboarding.accept_agreements(me, shown_agreements(me))
    await branding.save_branding(me, "Acme Toys")
    await branding.save_logo(me, _picture())
    await connect(me)
    clock.advance(dt.timedelta(minutes=21))
    (await onboarding.own_tenant(me)).first_device_at = me.now()
    after = await onboarding.overview(me)
    assert (after.pending_agreements, after.has_logo) == ((), True)
    assert (after.payment_status, after.payment_label) == (
        PaymentMethodStatus.CONNECTED,
        "Visa ending 4242",
    )
    assert after.time_to_first_device == dt.timedelta(minutes=21)


async def test_the_wizard_belongs_to_a_vendors_owner(ctx: Context) -> None:
    tenant = await make_vendor(ctx)
    for use_case in (onboarding.overview, onboarding.progress):
        with pytest.raises(NotSignedInError):
            await use_case(as_nobody(ctx))
        with pytest.raises(DomainError):
            await use_case(as_ops(ctx))
    token = as_token(ctx, tenant)
    for act in (
        onboarding.accept_agreements(token, []),
        branding.save_branding(token, "Acme"),
        branding.save_logo(token, _picture()),
        branding.remove_logo(token),
    ):
        with pytest.raises(ForbiddenError):
            await act


# -- agreements -------------------------------------------------------------------------------


async def test_an_acceptance_says_who_accepted_which_text_when_and_from_where(
    ctx: Context,
) -> None:
    me = await newcomer(ctx)
    shown = shown_agreements(me, "zh-CN")
    await onboarding.accept_agreements(me, shown)
    rows = await agreements.history(me)
    assert [(row.slug, row.version, row.text_sha256) for row in rows] == sorted(
        (one.slug, one.version, one.sha256) for one in shown
    )
    for row in rows:
        assert (str(row.person_id), row.ip, row.locale) == (me.actor.id, HERE, "zh-CN")
        assert row.accepted_at == me.now()
    assert len(await _audited(ctx, "vendor.terms_accepted")) == 2


async def test_accepting_again_changes_nothing(ctx: Context) -> None:
    me = await newcomer(ctx)
    for _ in range(2):
        await onboarding.accept_agreements(me, shown_agreements(me))
    assert len((await ctx.db.scalars(select(AgreementAcceptance))).all()) == 2
    assert len(await _audited(ctx, "vendor.terms_accepted")) == 2


async def test_one_of_two_is_not_enough(ctx: Context) -> None:
    me = await newcomer(ctx)
    await onboarding.accept_agreements(me, shown_agreements(me)[:1])
    assert await agreements.pending(me) == ["dpa"]
    assert not await agreements.has_accepted(me, me.tenant_id)
    assert (await onboarding.progress(me)).current is Step.TERMS


@pytest.mark.parametrize(
    "bent",
    [
        {"version": "0"},
        {"version": "2"},
        {"sha256": "0" * 64},
        {"slug": "dpa"},
        {"slug": "../../etc/passwd"},
        {"slug": ""},
    ],
)
async def test_only_the_text_in_force_is_accepted(ctx: Context, bent: dict[str, str]) -> None:
    me = await newcomer(ctx)
    shown = shown_agreements(me)
    with pytest.raises(ConflictError) as caught:
        await onboarding.accept_agreements(me, [replace(shown[0], **bent)])
    assert caught.value.reason == "agreement_changed"
    assert list(await agreements.history(me)) == []


async def test_a_new_version_asks_again_and_stops_no_device(ctx: Context) -> None:
    me = await newcomer(ctx)
    await onboarding.accept_agreements(me, shown_agreements(me))
    await branding.save_branding(me, "Acme Toys")
    await connect(me)
    await onboarding.activate_if_ready(me, me.tenant_id)
    later = replace(me, documents=FakeDocuments("2"))
    assert await agreements.pending(later) == ["terms", "dpa"]
    assert not await agreements.is_current(later, me.tenant_id)
    assert (await onboarding.progress(later)).current is Step.TERMS
    assert await agreements.has_accepted(later, me.tenant_id)
    assert (await onboarding.own_tenant(later)).status is TenantStatus.ACTIVE
    await branding.save_branding(later, "Still possible")
    await onboarding.accept_agreements(later, shown_agreements(later))
    assert await agreements.pending(later) == []
    assert len(await agreements.history(later)) == 4


async def test_the_agreements_of_the_product_can_be_accepted(ctx: Context) -> None:
    me = replace(await newcomer(ctx), documents=ctx.documents)
    for locale in ("en", "zh-CN"):
        assert [one.slug for one in agreements.texts(me, locale)] == list(agreements.SLUGS)
    assert "60 days" in agreements.text(me, "terms").html
    await onboarding.accept_agreements(me, shown_agreements(me))
    assert await agreements.is_current(me, me.tenant_id)


async def test_what_was_accepted_is_shown_to_its_vendor_and_to_operations_only(
    ctx: Context,
) -> None:
    me = await newcomer(ctx)
    await onboarding.accept_agreements(me, shown_agreements(me))
    other = await make_vendor(ctx)
    assert len(await agreements.history(as_ops(ctx, Role.OPS_VIEWER), me.tenant_id)) == 2
    with pytest.raises(ForbiddenError):
        await agreements.history(as_vendor(ctx, other), me.tenant_id)
    assert list(await agreements.history(as_vendor(ctx, other))) == []
    with pytest.raises(NotSignedInError):
        await agreements.history(as_nobody(ctx), me.tenant_id)


# -- branding ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "  ", "a" * 61, "a\u202eb", "\ud800", None, 7])
async def test_a_bad_display_name_is_refused(ctx: Context, name: object) -> None:
    tenant = await make_vendor(ctx)
    person = await make_owner(ctx)
    with pytest.raises(InvalidInputError) as caught:
        await branding.save_branding(as_vendor(ctx, tenant, person=person), name)
    assert caught.value.fields[0][0] == "display_name"
    assert tenant.display_name == "Acme Toys"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_a_logo_is_encoded_anew_and_shown_to_its_vendor(ctx: Context, kind: str) -> None:
    await make_owner(ctx)
    me = await sign_in(ctx)
    await branding.save_logo(me, _picture(kind))
    logo = await branding.logo(me, me.tenant_id)
    assert logo.media_type == "image/png"
    with Image.open(io.BytesIO(logo.content)) as opened:
        assert (opened.format, opened.size) == ("PNG", (64, 64))
    assert len(await _audited(ctx, "vendor.logo_saved")) == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", b"GIF89a", b"\x89PNG\r\n"],
)
async def test_what_is_no_picture_is_refused_and_the_old_logo_stays(
    ctx: Context, content: bytes
) -> None:
    await make_owner(ctx)
    me = await sign_in(ctx)
    await branding.save_logo(me, _picture())
    before = await branding.logo(me, me.tenant_id)
    with pytest.raises(InvalidInputError) as caught:
        await branding.save_logo(me, content)
    assert caught.value.fields[0][0] == "logo"
    assert await branding.logo(me, me.tenant_id) == before


async def test_a_logo_has_at_most_one_mebibyte(ctx: Context) -> None:
    await make_owner(ctx)
    with pytest.raises(TooLargeError):
        await branding.save_logo(await sign_in(ctx), b"\x00" * (branding.MAX_LOGO_BYTES + 1))


async def test_a_new_logo_replaces_the_old_one_and_can_be_taken_away(ctx: Context) -> None:
    await make_owner(ctx)
    me = await sign_in(ctx)
    await branding.save_logo(me, _picture())
    await branding.save_logo(me, _picture(size=(32, 32)))
    assert len((await ctx.db.scalars(select(StoredFile))).all()) == 1
    for _ in range(2):
        await branding.remove_logo(me)
    assert (await ctx.db.scalars(select(StoredFile))).all() == []
    with pytest.raises(NotFoundError):
        await branding.logo(me, me.tenant_id)
    assert len(await _audited(ctx, "vendor.logo_removed")) == 1


async def test_a_logo_is_shown_to_operations_and_to_no_other_vendor(ctx: Context) -> None:
    await make_owner(ctx)
    me = await sign_in(ctx)
    await branding.save_logo(me, _picture())
    other = await make_vendor(ctx)
    assert await branding.logo(as_ops(ctx, Role.OPS_VIEWER), me.tenant_id)
    assert await branding.logo(ctx, me.tenant_id)
    for stranger in (as_vendor(ctx, other), as_token(ctx, other)):
        with pytest.raises(NotFoundError):
            await branding.logo(stranger, me.tenant_id)
    with pytest.raises(NotSignedInError):
        await branding.logo(as_nobody(ctx), me.tenant_id)
    with pytest.raises(NotFoundError):
        await branding.logo(as_ops(ctx), new_id())


# -- activation -------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["email", "terms", "branding", "payment", None])
async def test_a_vendor_becomes_active_when_everything_before_the_token_is_done(
    ctx: Context, missing: str | None
) -> None:
    me = await newcomer(ctx)
    await make_owner(ctx, "second@example.com")
    await onboarding.accept_agreements(me, shown_agreements(me)[: 1 if missing == "terms" else 2])
    tenant = await onboarding.own_tenant(me)
    tenant.branding_done_at = None if missing == "branding" else me.now()
    if missing == "email":
        (await ctx.db.get_one(Person, UUID(me.actor.id))).email_confirmed_at = None
    method = await connect(me)
    method.status = (
        PaymentMethodStatus.PENDING if missing == "payment" else PaymentMethodStatus.CONNECTED
    )
    await ctx.db.flush()
    assert await onboarding.activate_if_ready(me, me.tenant_id) is (missing is None)
    assert (tenant.status is TenantStatus.ACTIVE) is (missing is None)
    assert len(await _audited(ctx, "vendor.activated")) == (missing is None)


async def _ready(ctx: Context, *, rail: Rail = Rail.CARD, customer_ref: str = "cus_1") -> Context:
    me = await newcomer(ctx)
    await onboarding.accept_agreements(me, shown_agreements(me))
    await branding.save_branding(me, "Acme Toys")
    await connect(me, rail=rail, customer_ref=customer_ref)
    return me


@pytest.mark.parametrize(
    ("rail", "price", "currency"),
    [(Rail.CARD, 2_500_000, "USD"), (Rail.INVOICE, 17_500_000, "CNY")],
)
async def test_activation_agrees_on_the_price_of_the_currency_from_today(
    ctx: Context, rail: Rail, price: int, currency: str
) -> None:
    me = await _ready(ctx, rail=rail)
    await onboarding.activate_if_ready(me, me.tenant_id)
    (contract,) = (await ctx.db.scalars(select(PriceContract))).all()
    assert (contract.price_micros, contract.currency) == (price, currency)
    assert (contract.starts_on, contract.announced_at) == (me.now().date(), me.now())
    assert (await onboarding.own_tenant(me)).activated_at == me.now()


async def test_activation_keeps_a_price_that_was_agreed_before(ctx: Context) -> None:
    me = await _ready(ctx)
    agreed = PriceContract(
        tenant_id=me.tenant_id,
        price_micros=2_000_000,
        currency="USD",
        starts_on=me.now().date(),
        announced_at=me.now(),
    )
    ctx.db.add(agreed)
    await ctx.db.flush()
    await onboarding.activate_if_ready(me, me.tenant_id)
    assert [row.price_micros for row in await ctx.db.scalars(select(PriceContract))] == [2_000_000]


async def test_activating_again_changes_nothing(ctx: Context) -> None:
    me = await _ready(ctx)
    assert [await onboarding.activate_if_ready(me, me.tenant_id) for _ in range(3)] == [True] * 3
    assert len(await _audited(ctx, "vendor.activated")) == 1
    assert len(await mails(ctx, "vendor_activated")) == 1
    assert len((await ctx.db.scalars(select(PriceContract))).all()) == 1


@pytest.mark.parametrize(
    ("rail", "customer_ref", "jobs"),
    [(Rail.CARD, "", 1), (Rail.CARD, "cus_1", 0), (Rail.INVOICE, "", 0)],
)
async def test_a_customer_is_made_where_cards_are_charged_and_there_is_none(
    ctx: Context, rail: Rail, customer_ref: str, jobs: int
) -> None:
    me = await _ready(ctx, rail=rail, customer_ref=customer_ref)
    await onboarding.activate_if_ready(me, me.tenant_id)
    rows = await ctx.db.scalars(
        select(OutboxItem).where(
            col(OutboxItem.kind) == OutboxKind.JOB, col(OutboxItem.name) == "create_customer"
        )
    )
    assert [row.payload for row in rows] == [{"tenant": str(me.tenant_id)}] * jobs


@pytest.mark.parametrize("status", [TenantStatus.SUSPENDED, TenantStatus.CLOSED])
async def test_who_was_stopped_is_not_activated_by_a_step(
    ctx: Context, status: TenantStatus
) -> None:
    me = await _ready(ctx)
    tenant = await onboarding.own_tenant(me)
    tenant.status = status
    await ctx.db.flush()
    assert not await onboarding.activate_if_ready(ctx, tenant.id)
    assert tenant.status is status


async def test_nobody_activates_somebody_else(ctx: Context) -> None:
    me = await _ready(ctx)
    other = await make_vendor(ctx)
    with pytest.raises(ForbiddenError):
        await onboarding.activate_if_ready(as_vendor(ctx, other), me.tenant_id)
    with pytest.raises(NotSignedInError):
        await onboarding.activate_if_ready(as_nobody(ctx), me.tenant_id)
    with pytest.raises(NotFoundError):
        await onboarding.activate_if_ready(ctx, new_id())
    assert (await ctx.db.get_one(Tenant, me.tenant_id)).status is TenantStatus.PENDING
