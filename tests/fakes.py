"""Fakes that implement the ports, for tests that are not about an adapter."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from app.core.errors import MalformedError, NotFoundError, ProviderDownError, ProviderRefusedError
from app.core.money import Money
from app.documents.press import Press
from app.hashing import Argon2Hasher
from app.services.ports import (
    AgreementText,
    Attachment,
    ChargeResult,
    EventKind,
    HostedPage,
    NotificationSource,
    PaymentProvider,
    PaymentState,
    PayoutResult,
    ProviderEvent,
    ProviderInvoice,
    RefundResult,
)

FAR = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)


@dataclass
class FakeProvider:
    """Remembers every call; ``down`` makes that many next calls fail, ``refuse`` all of them."""

    slug: str = "stripe"
    currencies: frozenset[str] = frozenset({"USD", "EUR", "CNY"})
    can_store_method: bool = True
    can_invoice: bool = True
    can_pay_out: bool = True
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    by_key: dict[str, HostedPage] = field(default_factory=dict)
    invoices: dict[str, ProviderInvoice] = field(default_factory=dict)
    pages: dict[str, PaymentState] = field(default_factory=dict)
    charge: ChargeResult = field(default_factory=lambda: ChargeResult("paid", "pay_1"))
    refunded: dict[str, Money] = field(default_factory=dict)
    refund_outcome: str = "pending"
    down: int = 0
    refuse: bool = False

    def _note(self, name: str, /, **arguments: Any) -> None:
        self.calls.append((name, arguments))
        if self.down:
            self.down -= 1
            raise ProviderDownError("The provider did not answer.")
        if self.refuse:
            raise ProviderRefusedError("The provider said no.")

    def named(self, name: str) -> list[dict[str, Any]]:
        """The arguments of every call of one method."""
        return [arguments for called, arguments in self.calls if called == name]

    async def create_customer(self, **arguments: Any) -> str:
        self._note("create_customer", **arguments)
        return f"cus_{arguments['tenant_id']}"

    async def start_setup(self, **arguments: Any) -> HostedPage:
        self._note("start_setup", **arguments)
        return self._page("setup", arguments)

    async def start_payment(self, **arguments: Any) -> HostedPage:
        self._note("start_payment", **arguments)
        return self._page("page", arguments)

    def _page(self, kind: str, arguments: dict[str, Any]) -> HostedPage:
        key = str(arguments["idempotency_key"])
        ref = f"{kind}_{len(self.by_key) + 1}"
        return self.by_key.setdefault(key, HostedPage(ref, f"https://pay.test/{ref}", FAR))

    async def expire_page(self, provider_ref: str) -> bool:
        self._note("expire_page", provider_ref=provider_ref)
        state = self.pages.get(provider_ref)
        return state is None or state.status not in ("succeeded", "pending")

    async def fetch_page(self, provider_ref: str) -> PaymentState:
        self._note("fetch_page", provider_ref=provider_ref)
        return self.pages.get(provider_ref, PaymentState("pending", "", None))

    async def refund(self, **arguments: Any) -> RefundResult:
        self._note("refund", **arguments)
        return RefundResult(f"re_{arguments['reference']}", self.refund_outcome)

    async def fetch_refunded(self, payment_ref: str) -> Money | None:
        self._note("fetch_refunded", payment_ref=payment_ref)
        return self.refunded.get(payment_ref)

    async def detach_method(self, method_ref: str) -> None:
        self._note("detach_method", method_ref=method_ref)

    async def open_invoice(self, **arguments: Any) -> ProviderInvoice:
        self._note("open_invoice", **arguments)
        ref = f"in_{arguments['invoice_id']}"
        total: Money = arguments["total"]
        return self.invoices.setdefault(
            ref, ProviderInvoice(ref, "open", total, Money.zero(total.currency))
        )

    async def charge_invoice(self, provider_ref: str, *, idempotency_key: str) -> ChargeResult:
        self._note("charge_invoice", provider_ref=provider_ref, idempotency_key=idempotency_key)
        return self.charge

    async def void_invoice(self, provider_ref: str) -> None:
        self._note("void_invoice", provider_ref=provider_ref)

    async def fetch_invoice(self, provider_ref: str) -> ProviderInvoice:
        self._note("fetch_invoice", provider_ref=provider_ref)
        if provider_ref not in self.invoices:
            raise ProviderRefusedError("There is no such invoice.", answer=404)
        return self.invoices[provider_ref]

    async def start_payout_onboarding(self, **arguments: Any) -> tuple[str, str]:
        self._note("start_payout_onboarding", **arguments)
        return (f"acct_{arguments['tenant_id']}", "https://pay.test/onboarding")

    async def pay_out(self, **arguments: Any) -> PayoutResult:
        self._note("pay_out", **arguments)
        return PayoutResult(f"tr_{arguments['reference']}", "paid")


class FakeProviders:
    """The registry of fakes: one that keeps cards, one that is paid by invoice."""

    def __init__(self) -> None:
        self.stripe = FakeProvider()
        self.alipay = FakeProvider(
            slug="alipay",
            currencies=frozenset({"CNY"}),
            can_store_method=False,
            can_invoice=False,
        )
        self.sources: dict[str, NotificationSource] = {}

    def payment(self, slug: str) -> PaymentProvider:
        found = {"stripe": self.stripe, "alipay": self.alipay}
        if slug not in found:
            raise ProviderRefusedError("Not set up.", reason="provider_not_configured")
        return cast("PaymentProvider", found[slug])

    def source(self, slug: str) -> NotificationSource | None:
        return self.sources.get(slug)

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class FakeMailer:
    """Keeps what was sent."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    down: int = 0
    refuse: bool = False

    async def send(
        self,
        *,
        to: str,
        subject: str,
        text: str,
        html: str,
        message_id: str,
        attachments: Sequence[Attachment] = (),
    ) -> None:
        if self.down:
            self.down -= 1
            raise ProviderDownError("The mail server did not answer.")
        if self.refuse:
            raise ProviderRefusedError("No such mailbox.")
        self.sent.append(
            {
                "to": to,
                "subject": subject,
                "text": text,
                "html": html,
                "message_id": message_id,
                "attachments": list(attachments),
            }
        )


class CountingHasher(Argon2Hasher):
    """The real hash with the least work, and how often that work was done."""

    def __init__(self) -> None:
        super().__init__(memory_kib=8, rounds=1)
        self.calls: list[str] = []

    async def hash(self, password: str) -> str:
        self.calls.append("hash")
        return await super().hash(password)

    async def verify(self, password: str, stored: str) -> bool:
        self.calls.append("verify")
        return await super().verify(password, stored)


class FakeDocuments(Press):
    """The real press, but for agreements whose versions a test decides."""

    def __init__(self, version: str = "1") -> None:
        self.version = version

    def agreement(self, slug: str, locale: str, version: str | None = None) -> AgreementText:
        wanted = version or self.version
        if slug not in ("terms", "dpa"):
            raise NotFoundError("There is no such agreement.")
        words = f"{slug} {wanted} {locale}"
        digest = hashlib.sha256(words.encode()).hexdigest()
        return AgreementText(slug, wanted, locale, words, f"<p>{words}</p>", digest)


@dataclass
class FakeSource:
    """Verifies notifications: the body is the event as JSON, ``X-Signature: good`` makes it genuine."""

    slug: str = "stripe"
    is_configured: bool = True
    acknowledgement: str = "ok"

    def parse_event(
        self, body: bytes, headers: Mapping[str, str], now: dt.datetime
    ) -> ProviderEvent | None:
        if headers.get("x-signature") != "good":
            raise MalformedError("The signature is wrong.")
        told = json.loads(body)
        if told["kind"] == "irrelevant":
            return None
        return ProviderEvent(
            told["id"], EventKind(told["kind"]), told.get("subject", ""), now, told.get("facts", {})
        )
