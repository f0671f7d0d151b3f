"""The use cases with the real adapters: what the services expect is what the providers tell."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass

import pytest
from sqlmodel import col, select

from app.core.clock import FixedClock, wall_now
from app.core.errors import ProviderDownError
from app.core.ids import new_id
from app.core.money import Money
from app.providers.alipay import AlipayEvents, AlipayProvider
from app.providers.registry import Registry
from app.providers.stripe import StripeProvider, StripeSettings
from app.rules.reconciliation import Difference
from app.rules.revenue import share_of
from app.rules.statuses import (
    InvoiceStatus,
    PaymentMethodStatus,
    PaymentStatus,
    PayoutStatus,
    RunStatus,
    TenantStatus,
)
from app.services import (
    charges,
    checkouts,
    inbox,
    payments,
    payout_accounts,
    payouts,
    reconciliation,
    refunds,
)
from app.services.context import Context
from app.services.news import NotKnownYetError
from models.exchange import InboxEvent, InboxStatus
from models.payment import Payment, PaymentMethod, Payout, PayoutAccount, Refund
from models.reconciliation import Reconciliation, ReconciliationFinding
from models.tenant import Rail, Tenant
from models.usage import ProPayment
from tests.factories import USER, as_ops, as_vendor, make_person, make_vendor
from tests.money_kit import NOVEMBER, balances, close_books, fresh, make_invoice, until, usd, work
from tests.providers.outside import SECRET_KEY, Outside, open_outside
from tests.providers.samples.alipay import settings
from tests.providers.samples.stripe import StripeSample, client

pytestmark = pytest.mark.xdist_group("providers")


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Generator[Outside]:
    """A world of its own, whose clock nobody moves: pages end by the true time here."""
    with open_outside(tmp_path_factory.mktemp("outside")) as world:
        yield world


@pytest.fixture
async def providers(outside: Outside) -> AsyncGenerator[Registry]:
    keys = {"STRIPE_SECRET_KEY": SECRET_KEY, "STRIPE_API_URL": outside.sandbox.stripe_api_base}
    alipay = settings(outside)
    sources = [one.source(outside) for one in StripeSample.sources] + [AlipayEvents(alipay)]
    registry = Registry(
        {
            "stripe": StripeProvider(StripeSettings.model_validate(keys)),
            "alipay": AlipayProvider(alipay),
        },
        {source.slug: source for source in sources},
    )
    yield registry
    await registry.close()


@dataclass
class Ears:
    """Takes to the product what arrived at its addresses."""

    outside: Outside
    heard: int

    async def listen(self, ctx: Context, *, twice: bool = False) -> None:
        """Store and handle everything new; what cannot be placed yet is tried again after the rest."""
        self.outside.notes("")
        notes = self.outside.receiver.notes[self.heard :]
        self.heard += len(notes)
        for note in [*notes, *reversed(notes)] if twice else notes:
            slug = note.path.rpartition("/")[2]
            await inbox.receive(ctx, slug, note.body, note.headers, wall_now())
        for _ in range(3):
            try:
                await work(ctx)
            except NotKnownYetError:
                await _turn_to_the_others(ctx)
            else:
                return
        raise AssertionError("something was never placed")


async def _turn_to_the_others(ctx: Context) -> None:
    waiting = select(InboxEvent).where(col(InboxEvent.status) == InboxStatus.RECEIVED)
    for event in (await ctx.db.scalars(waiting.order_by(col(InboxEvent.id).desc()))).all():
        try:
            await inbox.handle(ctx, event.id)
        except NotKnownYetError:
            continue


@pytest.fixture
def ears(outside: Outside) -> Ears:
    outside.notes("")
    return Ears(outside, len(outside.receiver.notes))


@pytest.fixture(autouse=True)
async def books(ctx: Context) -> AsyncGenerator[None]:
    yield
    await close_books(ctx)


async def newcomer(ctx: Context, rail: Rail, currency: str) -> Tenant:
    tenant = await make_vendor(
        ctx, status=TenantStatus.PENDING, connected=False, rail=rail, currency=currency
    )
    await make_person(ctx, tenant)
    return tenant


async def method_of(ctx: Context, tenant: Tenant) -> PaymentMethod:
    found = select(PaymentMethod).where(col(PaymentMethod.tenant_id) == tenant.id)
    return (await ctx.db.scalars(found.execution_options(populate_existing=True))).one()


async def one_payment(ctx: Context, tenant: Tenant, status: PaymentStatus) -> Payment:
    found = select(Payment).where(
        col(Payment.tenant_id) == tenant.id, col(Payment.status) == status
    )
    return (await ctx.db.scalars(found.execution_options(populate_existing=True))).one()


async def bound(ctx: Context, ears: Ears, card: str = "visa") -> Tenant:
    tenant = await newcomer(ctx, Rail.CARD, "USD")
    url = await payments.start_binding(as_vendor(ctx, tenant), Rail.CARD)
    ears.outside.press(url, "pay", card=card)
    await ears.listen(ctx, twice=True)
    return tenant


async def test_a_card_is_bound_charged_and_given_back(ctx: Context, ears: Ears) -> None:
    tenant = await bound(ctx, ears)
    method = await method_of(ctx, tenant)
    assert (method.status, method.label) == (PaymentMethodStatus.CONNECTED, "Visa ending 4242")
    assert not (await payments.binding_state(as_vendor(ctx, tenant))).is_page_open
    invoice = await make_invoice(ctx, tenant)
    await charges.start(ctx, invoice.id)
    await work(ctx)
    await ears.listen(ctx, twice=True)
    assert (await fresh(ctx, invoice)).status is InvoiceStatus.PAID
    payment = await one_payment(ctx, tenant, PaymentStatus.SUCCEEDED)
    assert payment.method_label == "Visa ending 4242"
    for part in ("5.00", "20.00"):
        await refunds.refund(as_ops(ctx), payment.id, usd(part), reason="broken")
        await work(ctx)
        await ears.listen(ctx, twice=True)
    assert (await fresh(ctx, payment)).status is PaymentStatus.REFUNDED
    found = select(Refund.status).where(col(Refund.payment_id) == payment.id)
    assert set((await ctx.db.scalars(found)).all()) == {PaymentStatus.SUCCEEDED}
    assert await balances(ctx, tenant) == {}


async def test_a_refund_that_the_bank_sends_back_is_owed_and_made_again(
    ctx: Context, ears: Ears
) -> None:
    tenant = await bound(ctx, ears)
    invoice = await make_invoice(ctx, tenant)
    await charges.start(ctx, invoice.id)
    await work(ctx)
    await ears.listen(ctx)
    payment = await one_payment(ctx, tenant, PaymentStatus.SUCCEEDED)
    for is_heard in (True, False):  # the confirmation is handled before the failure, or with it
        row = await refunds.refund(as_ops(ctx), payment.id, usd("25.00"), reason="broken")
        await work(ctx)
        if is_heard:
            await ears.listen(ctx, twice=True)
        ears.outside.control(
            f"stripe/refunds/{(await fresh(ctx, row)).provider_ref}/fail",
            reason="expired_or_canceled_card",
        )
        await ears.listen(ctx, twice=True)
        row = await fresh(ctx, row)
        assert (row.status, row.failure) == (PaymentStatus.FAILED, "expired_or_canceled_card")
        payment = await fresh(ctx, payment)
        assert (payment.status, payment.kept) == (PaymentStatus.SUCCEEDED, usd("25"))
        assert await balances(ctx, tenant) == {"credit": "-25.00", "house processor": "25.00"}
    await refunds.refund(as_ops(ctx), payment.id, usd("25.00"), reason="broken")
    await work(ctx)
    await ears.listen(ctx, twice=True)
    assert await balances(ctx, tenant) == {}


async def test_a_card_that_is_declined_is_replaced_by_a_page(ctx: Context, ears: Ears) -> None:
    tenant = await bound(ctx, ears, "insufficient_funds")
    invoice = await make_invoice(ctx, tenant)
    await charges.start(ctx, invoice.id)
    await work(ctx)
    await ears.listen(ctx)
    invoice = await fresh(ctx, invoice)
    assert (invoice.status, invoice.failures) == (InvoiceStatus.OPEN, 1)
    url = await checkouts.pay_invoice(as_vendor(ctx, tenant), invoice.id)
    ears.outside.press(url, "pay", card="visa")
    await ears.listen(ctx, twice=True)
    assert (await fresh(ctx, invoice)).status is InvoiceStatus.PAID
    assert ears.outside.http.get(url).status_code == 200
    copies = [one for one in ears.outside.objects("invoice") if one["id"] == invoice.provider_ref]
    assert [one["status"] for one in copies] == ["void"]
    assert (await balances(ctx, tenant))["house processor"] == "25.00"


async def test_a_share_is_paid_out_and_comes_back(ctx: Context, ears: Ears) -> None:
    tenant = await bound(ctx, ears)
    url = await payout_accounts.start_onboarding(as_vendor(ctx, tenant))
    ears.outside.press(url, "pay")
    await ears.listen(ctx, twice=True)
    account = select(PayoutAccount).where(col(PayoutAccount.tenant_id) == tenant.id)
    assert (await ctx.db.scalars(account)).one().is_ready
    payout = await share(ctx, tenant, "USD")
    assert await payouts.send(ctx, payout.id) == PayoutStatus.PAID
    payout = await fresh(ctx, payout)
    for part, owed in ((40_00, "40"), (60_00, "100"), (None, "300")):
        params = {"amount": part} if part else {}
        client(ears.outside).v1.transfers.reversals.create(payout.provider_ref or "", params)
        await ears.listen(ctx, twice=True)
        payout = await fresh(ctx, payout)
        assert (payout.status, payout.owed) == (PayoutStatus.FAILED, usd(owed))
        assert (await balances(ctx, tenant))["payable"] == f"-{owed}.00"


async def share(ctx: Context, tenant: Tenant, currency: str) -> Payout:
    """Attribute a Pro payment to a vendor and put its share into a payout."""
    gross = Money.of("1000.00", currency)
    ctx.db.add(
        ProPayment(
            source_id=new_id(),
            event_id=str(new_id()),
            tenant_id=tenant.id,
            kind="paid",
            subscription_ref="sub_1",
            user_omni=USER,
            gross_micros=gross.micros,
            share_micros=share_of(gross).micros,
            currency=currency,
            occurred_at=ctx.now(),
        )
    )
    await ctx.db.flush()
    (payout_id,) = await payouts.prepare(ctx, tenant.id, str(NOVEMBER))
    return await ctx.db.get_one(Payout, payout_id)


async def test_an_alipay_account_is_proved_by_a_cent_and_pays_an_invoice(
    ctx: Context, ears: Ears
) -> None:
    tenant = await newcomer(ctx, Rail.INVOICE, "CNY")
    url = await payments.start_binding(as_vendor(ctx, tenant), Rail.INVOICE)
    ears.outside.press(url, "pay")
    await ears.listen(ctx, twice=True)
    method = await method_of(ctx, tenant)
    assert method.status is PaymentMethodStatus.CONNECTED
    assert method.label.startswith("Alipay ")
    await ears.listen(ctx)  # the cent was given back meanwhile
    assert (await one_payment(ctx, tenant, PaymentStatus.REFUNDED)).amount_micros == 10_000
    invoice = await make_invoice(ctx, tenant, price="17.50")
    url = await checkouts.pay_invoice(as_vendor(ctx, tenant), invoice.id)
    ears.outside.press(url, "pay")
    await ears.listen(ctx, twice=True)
    assert (await fresh(ctx, invoice)).status is InvoiceStatus.PAID
    assert (await balances(ctx, tenant, "CNY")) == {
        "house processor": "175.00",
        "house revenue": "-175.00",
    }
    payout = await share(ctx, tenant, "CNY")
    assert await payouts.send(ctx, payout.id) == PayoutStatus.PAID
    sent = ears.outside.objects("alipay_transfer")[-1]
    assert sent["order_id"] == (await fresh(ctx, payout)).provider_ref
    ears.outside.control(f"alipay/transfers/{sent['id']}/return")
    await ears.listen(ctx, twice=True)
    assert (await fresh(ctx, payout)).status is PayoutStatus.FAILED


async def test_what_was_done_at_the_provider_behind_our_back_is_found(
    ctx: Context, ears: Ears, clock: FixedClock
) -> None:
    """Nobody hears of it here: the notifications are lost, or it was done in another account."""
    tenant = await bound(ctx, ears)
    void, paid, gone, fine = [await make_invoice(ctx, tenant) for _ in range(4)]
    dashboard = client(ears.outside)
    dashboard.v1.invoices.void_invoice(void.provider_ref or "")
    card = (await method_of(ctx, tenant)).method_ref or ""
    dashboard.v1.invoices.pay(paid.provider_ref or "", {"payment_method": card})
    gone.provider_ref = "in_of_another_account"
    await ctx.db.flush()
    ids = [one.id for one in (void, paid, gone, fine)]
    until(clock, NOVEMBER.end)
    run_id = (await reconciliation.start(as_ops(ctx), "2026-11")).id
    fault = {"route": "GET /stripe/v1/invoices/*", "times": 50, "when": "before"}
    ears.outside.control("faults", **fault, kind="status", status=500)
    with pytest.raises(ProviderDownError):
        await reconciliation.look(ctx, run_id)
    ears.outside.forget_faults()
    await work(ctx)
    rows = await ctx.db.scalars(select(ReconciliationFinding))
    assert {one.invoice_id: one.difference for one in rows} == {
        ids[0]: Difference.VOID_THERE,
        ids[1]: Difference.PAID_THERE,
        ids[2]: Difference.MISSING_THERE,
    }
    run = await ctx.db.get_one(Reconciliation, run_id, populate_existing=True)
    assert (run.status, run.checked) == (RunStatus.DONE, 4)
