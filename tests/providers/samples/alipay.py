"""Alipay, for the contract suite; its notifications are signed by the simulated Alipay's own code."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import urlencode

from app.core.money import Money
from app.providers.alipay import AlipayEvents, AlipayProvider, AlipaySettings
from app.providers.kinds import Adapter
from app.sandbox.alipay.signing import Keys, signed_text
from app.services.ports import EventKind, NotificationSource
from tests.providers.outside import APP_ID, BACK, SELLER_ID, Outside
from tests.providers.sample import PATIENCE, Call, PaymentSample, Prepared, SourceSample
from tests.sandbox.receiver import Note

PATH = "/v1/webhook/alipay"
GATEWAY = "POST /alipay/gateway.do?method="
CENT = Money.of("0.01", "CNY")
TEN = Money.of("10.00", "CNY")
TWO = Money.of("2.00", "CNY")
ACCOUNT = "2088100000000011"
UNUSABLE = "2088100000000033"
BEIJING = dt.timezone(dt.timedelta(hours=8))


def settings(outside: Outside, *, is_lost: bool = False, **more: str) -> AlipaySettings:
    sandbox = outside.sandbox
    return AlipaySettings.model_validate(
        {
            "ALIPAY_APP_ID": APP_ID,
            "ALIPAY_SELLER_ID": SELLER_ID,
            "ALIPAY_GATEWAY_URL": outside.nowhere if is_lost else sandbox.alipay_gateway,
            "ALIPAY_OAUTH_URL": sandbox.alipay_oauth,
            "ALIPAY_NOTIFY_URL": "",
            "ALIPAY_PRIVATE_KEY_FILE": str(outside.keys.merchant_private),
            "ALIPAY_PUBLIC_KEY_FILE": str(outside.keys.alipay_public),
            "PUBLIC_URL": outside.receiver.url,
            **more,
        }
    )


def paid_notice(at: dt.datetime, **changes: str) -> dict[str, str]:
    """Return the fields of a notification about a payment, one of them empty as Alipay sends it."""
    stamp = at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
    return {
        "notify_id": "n1",
        "notify_time": stamp,
        "notify_type": "trade_status_sync",
        "app_id": APP_ID,
        "seller_id": SELLER_ID,
        "charset": "utf-8",
        "version": "1.0",
        "sign_type": "RSA2",
        "trade_no": "2026112022001",
        "out_trade_no": "page1",
        "trade_status": "TRADE_SUCCESS",
        "total_amount": "10.00",
        "buyer_id": "2088900000000009",
        "buyer_logon_id": "买家***@example.com",
        "gmt_payment": stamp,
        "subject": "Invoice TP-2026-00042",
        "body": "",
        **changes,
    }


def signed(
    outside: Outside,
    fields: Mapping[str, str],
    *,
    is_forged: bool = False,
    without: tuple[str, ...] = ("sign", "sign_type"),
) -> bytes:
    """Sign fields as Alipay does, or with a key that is not Alipay's."""
    signature = _signer(outside, is_forged).sign(signed_text(fields, without=without))
    return urlencode({**fields, "sign": signature}).encode()


@cache
def _signer(outside: Outside, is_forged: bool) -> Keys:
    keys = outside.keys
    private = keys.merchant_private if is_forged else keys.alipay_private
    return Keys(private, keys.merchant_public)


class AlipaySource(SourceSample):
    """What Alipay posts."""

    slug = "alipay"
    path = PATH
    has_window = False
    kinds = frozenset(
        {
            EventKind.PAYMENT_SUCCEEDED,
            EventKind.PAYMENT_REFUNDED,
            EventKind.CHECKOUT_EXPIRED,
            EventKind.PAYOUT_REVERSED,
        }
    )

    def source(self, outside: Outside) -> NotificationSource:
        return AlipayEvents(settings(outside))

    def without_secret(self) -> NotificationSource:
        unset = {"ALIPAY_APP_ID": APP_ID, "ALIPAY_SELLER_ID": SELLER_ID}
        none = {"ALIPAY_PRIVATE_KEY_FILE": "", "ALIPAY_PUBLIC_KEY_FILE": ""}
        return AlipayEvents(AlipaySettings.model_validate({**unset, **none}))

    def write(
        self,
        outside: Outside,
        *,
        at: dt.datetime,
        is_forged: bool = False,
        body: bytes | None = None,
    ) -> Note:
        data = signed(outside, paid_notice(at), is_forged=is_forged) if body is None else body
        return Note(self.path, {}, data)


class AlipaySample(PaymentSample):
    """Pages and payouts in yuan."""

    slug = "alipay"
    sources = (AlipaySource(),)

    def provider(
        self, outside: Outside, *, is_lost: bool = False, seconds: float = PATIENCE
    ) -> Adapter:
        return AlipayProvider(settings(outside, is_lost=is_lost), seconds=seconds)

    async def prepare(self, provider: Any, outside: Outside) -> Prepared:
        paid = await start_payment(provider, outside, TEN)
        outside.press(paid.url, "pay")
        payment = (await provider.fetch_page(paid.provider_ref)).payment_ref
        waiting = await start_payment(provider, outside, TEN)
        outside.http.get(waiting.url)
        return Prepared(
            until=outside.later(), page=waiting.provider_ref, payment=payment, account=ACCOUNT
        )

    def calls(self) -> Sequence[Call]:
        return (
            Call(
                "create_customer",
                "",
                lambda p, t, k: p.create_customer(
                    tenant_id=k, name="Acme Toys", email="a@example.com", idempotency_key=k
                ),
            ),
            Call(
                "start_setup",
                "",
                lambda p, t, k: p.start_setup(
                    customer_ref="",
                    tenant_id="t1",
                    currency="CNY",
                    return_url=BACK,
                    cancel_url=BACK,
                    state=k,
                    idempotency_key=k,
                ),
            ),
            Call(
                "start_payment",
                "",
                lambda p, t, k: p.start_payment(
                    amount=CENT,
                    reference=k,
                    description="Account verification",
                    customer_ref="",
                    return_url=BACK,
                    cancel_url=BACK,
                    expires_at=t.until,
                    idempotency_key=k,
                ),
            ),
            Call(
                "fetch_page", f"{GATEWAY}alipay.trade.query", lambda p, t, k: p.fetch_page(t.page)
            ),
            Call(
                "expire_page",
                f"{GATEWAY}alipay.trade.close",
                lambda p, t, k: p.expire_page(t.page),
                spends=True,
            ),
            Call(
                "refund",
                f"{GATEWAY}alipay.trade.refund",
                lambda p, t, k: p.refund(
                    payment_ref=t.payment, amount=TWO, reference=k, idempotency_key=k
                ),
                makes="alipay_refund",
                lasts=True,
            ),
            Call(
                "pay_out",
                f"{GATEWAY}alipay.fund.trans.uni.transfer",
                lambda p, t, k: pay_out(p, t.account, TWO, k),
                makes="alipay_transfer",
                lasts=True,
            ),
        )

    def refusals(self) -> Mapping[str, Callable[[Any, Prepared], Awaitable[Any]]]:
        return {
            "a refund of nothing": lambda p, t: p.refund(
                payment_ref="nothing", amount=TWO, reference="r", idempotency_key="r"
            ),
            "a refund of more than was paid": lambda p, t: p.refund(
                payment_ref=t.payment,
                amount=Money.of("10.01", "CNY"),
                reference="more",
                idempotency_key="more",
            ),
            "a payout beyond our balance": lambda p, t: pay_out(
                p, t.account, Money.of("99999999.00", "CNY"), "toomuch"
            ),
            "a payout to an account that takes none": lambda p, t: pay_out(
                p, UNUSABLE, TWO, "unusable"
            ),
            "a code that was never given": lambda p, t: p.exchange_code("nothing"),
            "an invoice": lambda p, t: p.fetch_invoice("in_1"),
            "a charge": lambda p, t: p.charge_invoice("in_1", idempotency_key="c"),
            "a void": lambda p, t: p.void_invoice("in_1"),
        }

    async def story(self, provider: Any, outside: Outside) -> None:
        name = uuid.uuid4().hex
        page = await start_payment(provider, outside, CENT)
        outside.press(page.url, "pay")
        payment = (await provider.fetch_page(page.provider_ref)).payment_ref
        await provider.refund(
            payment_ref=payment, amount=CENT, reference=name, idempotency_key=name
        )
        unwanted = await start_payment(provider, outside, TEN)
        outside.http.get(unwanted.url)
        assert await provider.expire_page(unwanted.provider_ref)
        await pay_out(provider, ACCOUNT, TWO, name)
        outside.control(f"alipay/transfers/{name}/return")

    def made(self, outside: Outside, kind: str) -> int:
        return len(outside.objects(kind))


def start_payment(provider: Any, outside: Outside, amount: Money) -> Any:
    name = uuid.uuid4().hex
    return provider.start_payment(
        amount=amount,
        reference=name,
        description="Invoice TP-2026-00042",
        customer_ref="",
        return_url=BACK,
        cancel_url=BACK,
        expires_at=outside.later(),
        idempotency_key=name,
    )


def pay_out(provider: Any, account: str, amount: Money, reference: str) -> Any:
    return provider.pay_out(
        account_ref=account,
        amount=amount,
        reference=reference,
        description="Revenue share ST-2026-00001",
        idempotency_key=f"payout:{reference}",
    )


SAMPLES = (AlipaySample(),)
