"""Secrets from the vault: taken anew for each call, never shown, and never used without a trace."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import pytest
from sqlmodel import col, select

from app.core.errors import ProviderDownError, ProviderRefusedError
from app.core.money import Money
from app.providers import stripe
from app.providers.kinds import Adapter, Payment, Secret
from app.providers.registry import KINDS, build_providers
from app.providers.stripe import StripeProvider
from app.providers.vaulted import VaultedProvider
from app.runtime import Runtime
from app.services import allow_list, vault
from app.services.context import SYSTEM
from app.vaulting import VaultDesk, catalogue
from models.audit import AuditEvent
from models.vault import AllowedAction
from tests.fakes import FakeProvider
from tests.vault_kit import FakeKeys


class Direct(FakeProvider):
    """A direct adapter that remembers its secret and whether it was closed."""

    def __init__(self, secret: str) -> None:
        super().__init__()
        self.secret = secret
        self.is_closed = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def close(self) -> None:
        self.is_closed = True

    async def fetch_refunded(self, payment_ref: str) -> Money | None:
        await self.gate.wait()
        assert not self.is_closed
        return await super().fetch_refunded(payment_ref)

    async def check(self) -> None:
        self._note("check")


class Shop:
    """One provider over one vault, and every direct adapter that was made for it."""

    def __init__(self, run: Runtime) -> None:
        self.run = run
        self.keys = FakeKeys()
        self.made: list[Direct] = []
        desk = VaultDesk(self.keys)
        desk.open_context = run.as_system
        payment = Payment(StripeProvider, [Secret("secret_key", "KEY")], self._make, list)
        self.provider: Any = VaultedProvider(payment, desk)

    def _make(self, values: Mapping[str, str]) -> Adapter | None:
        if not values:
            return None
        self.made.append(Direct(values["KEY"]))
        return cast("Adapter", self.made[-1])

    async def put(self, secret: str) -> None:
        async with self.run.as_system() as ctx:
            await vault.put(ctx, self.keys, "stripe", "secret_key", secret)

    async def trail(self) -> list[AuditEvent]:
        async with self.run.as_system(readonly=True) as ctx:
            rows = await ctx.db.scalars(
                select(AuditEvent)
                .where(col(AuditEvent.kind).in_(("vault.opened", "executor.called")))
                .order_by(col(AuditEvent.id))
            )
            return list(rows)


@pytest.fixture
def shop(own_run: Runtime) -> Shop:
    return Shop(own_run)


async def test_a_secret_that_was_replaced_is_used_from_the_next_call_on(shop: Shop) -> None:
    await shop.put("one")
    await shop.provider.detach_method("pm_1")
    await shop.provider.detach_method("pm_1")
    await shop.put("two")
    await shop.provider.detach_method("pm_1")
    assert [(one.secret, len(one.calls), one.is_closed) for one in shop.made] == [
        ("one", 2, True),
        ("two", 1, False),
    ]
    await shop.provider.close()
    assert shop.made[-1].is_closed


async def test_a_call_under_way_is_not_cut_off_when_its_secret_is_replaced(shop: Shop) -> None:
    await shop.put("one")
    await shop.provider.detach_method("pm_1")
    shop.made[0].gate.clear()
    slow = asyncio.create_task(shop.provider.fetch_refunded("pi_1"))
    while len(shop.made[0].calls) != 1 or len(await shop.trail()) < 3:  # noqa: ASYNC110 - until it waits
        await asyncio.sleep(0.01)
    await shop.put("two")
    await shop.provider.detach_method("pm_1")
    assert not shop.made[0].is_closed
    shop.made[0].gate.set()
    assert await slow is None
    assert shop.made[0].is_closed


async def test_a_removed_secret_serves_nobody_any_more(shop: Shop) -> None:
    await shop.put("one")
    await shop.provider.check()
    async with shop.run.as_system() as ctx:
        await vault.remove(ctx, "stripe", "secret_key")
    with pytest.raises(ProviderRefusedError) as refusal:
        await shop.provider.check()
    assert refusal.value.reason == "provider_not_configured"


async def test_the_trace_is_there_before_the_call_and_its_end_after(shop: Shop) -> None:
    await shop.put("one")
    seen: list[list[str]] = []

    class Watching(Direct):
        async def check(self) -> None:
            seen.append([one.kind for one in await shop.trail()])
            raise ProviderRefusedError("No.", reason="total_mismatch")

    shop._make = lambda values: cast("Adapter", Watching("one"))  # type: ignore[method-assign]
    shop.provider._payment = Payment(
        StripeProvider, [Secret("secret_key", "KEY")], shop._make, list
    )
    with pytest.raises(ProviderRefusedError):
        await shop.provider.check()
    assert seen == [["vault.opened"]]
    opened, called = await shop.trail()
    assert (opened.result, called.result) == ("success", "failure")
    assert called.body["action"] == "stripe.check"
    assert called.body["reason"] == "total_mismatch"


async def test_who_had_it_done_is_written_down(shop: Shop) -> None:
    await shop.put("one")
    async with shop.run.context(SYSTEM) as ctx, ctx.outside():
        await shop.provider.detach_method("pm_1")
    assert {(one.actor_kind, one.actor_id) for one in await shop.trail()} == {("system", "system")}


async def test_what_is_switched_off_is_not_called(shop: Shop) -> None:
    await shop.put("one")
    await shop.provider.check()
    async with shop.run.as_system() as ctx:
        line = (
            await ctx.db.scalars(
                select(AllowedAction).where(
                    col(AllowedAction.integration) == "stripe", col(AllowedAction.action) == "check"
                )
            )
        ).one()
        await allow_list.switch(ctx, line.id, enabled=False)
    with pytest.raises(ProviderDownError) as refusal:
        await shop.provider.check()
    assert refusal.value.reason == "action_not_allowed"
    assert len(shop.made[0].named("check")) == 1


async def test_a_vault_that_stays_shut_is_no_refused_payment(shop: Shop) -> None:
    await shop.put("one")
    shop.provider._desk.keys = FakeKeys(FakeKeys().keys.read("ab" * 32))
    with pytest.raises(ProviderDownError) as refusal:
        await shop.provider.check()
    assert refusal.value.reason == "vault_locked"


async def test_a_setting_that_cannot_be_never_shows_the_secret(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TURNPIKE_MODE", "sandbox")
    await shop.put("sk_live_hush")
    desk = shop.provider._desk
    provider = build_providers(desk=desk).payment("stripe")
    with pytest.raises(ProviderDownError, match="must be a test key") as refusal:
        await provider.fetch_refunded("pi_1")
    assert "hush" not in repr(refusal.value) + str(refusal.value.__cause__)


@pytest.mark.parametrize(
    ("mode", "live", "key", "is_right"),
    [
        ("production", "", "sk_live_x", True),
        ("production", "", "sk_test_x", False),
        ("production", "false", "sk_test_x", True),
        ("production", "false", "sk_live_x", False),
        ("sandbox", "", "sk_test_x", True),
        ("sandbox", "true", "sk_test_x", False),
    ],
)
def test_whoever_calls_and_whoever_listens_believe_the_same_of_the_money(
    monkeypatch: pytest.MonkeyPatch, mode: str, live: str, key: str, is_right: bool
) -> None:
    """Notifications of the other kind are ignored: a key that does not fit would never hear an end."""
    monkeypatch.setenv("TURNPIKE_MODE", mode)
    monkeypatch.delenv("STRIPE_API_URL", raising=False)
    monkeypatch.setenv("STRIPE_LIVE", live) if live else monkeypatch.delenv(
        "STRIPE_LIVE", raising=False
    )
    payment = stripe.KIND.payment
    assert payment is not None
    if is_right:
        assert payment.make({"STRIPE_SECRET_KEY": key}) is not None
        return
    with pytest.raises(ValueError, match="so set STRIPE_LIVE=") as refusal:
        payment.make({"STRIPE_SECRET_KEY": key})
    assert key not in str(refusal.value)


def test_every_payment_provider_is_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that only builds itself whole would be missing wherever its secrets are elsewhere."""
    for kind in KINDS:
        assert (kind.payment is None) is (
            kind.settings.__name__ in ("ResendSettings", "SmtpSettings")
        )


def test_the_catalogue_names_what_each_provider_can_do() -> None:
    found = set(catalogue())
    slugs = {kind.payment.slug for kind in KINDS if kind.payment}
    assert {integration for integration, _ in found} == slugs
    assert ("alipay", "open_invoice") not in found
    assert {
        ("stripe", "open_invoice"),
        ("alipay", "refund"),
        ("stripe", "customers.create"),
    } <= found
