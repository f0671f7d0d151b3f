"""The adapter: payment pages, refunds and payouts in yuan."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Final
from urllib.parse import urlencode

from app.core.clock import wall_now
from app.core.errors import ProviderDownError, ProviderRefusedError
from app.core.money import Money
from app.providers.alipay.amounts import from_yuan, to_yuan
from app.providers.alipay.gateway import SECONDS, TOKEN, UNSIGNED, Gateway, beijing
from app.providers.alipay.settings import AlipaySettings
from app.providers.without import WithoutInvoices
from app.services.ports import HostedPage, PaymentState, PayoutResult, RefundResult

SETUP_LIFE: Final = dt.timedelta(hours=1)
"""How long somebody may take to authorise us; Alipay itself sets no end."""
_NOT_THERE: Final = "ACQ.TRADE_NOT_EXIST"
_SUBJECT_LENGTH: Final = 256
_FORBIDDEN: Final = re.compile(r"[/=&\x00-\x1f]+")
"""What a subject may not hold."""
_USER_ID: Final = re.compile(r"2088\d{12}")


class AlipayProvider(WithoutInvoices):
    """Implements ``PaymentProvider``: pages that take one payment, and payouts.

    It keeps no instrument and no copy of an invoice; a payer becomes known by paying.
    """

    slug = "alipay"
    currencies = frozenset({"CNY"})
    can_store_method = False
    can_pay_out = True

    def __init__(self, settings: AlipaySettings, *, seconds: float = SECONDS) -> None:
        self._settings = settings
        self._gateway = Gateway(settings, settings.keys(), seconds=seconds)

    async def close(self) -> None:
        """Give back every connection."""
        await self._gateway.close()

    async def check(self) -> None:
        """Ask for a trade nobody made: a signed no shows that both sides know each other's keys."""
        try:
            await self.fetch_page("check")
        except ProviderDownError as error:
            if error.reason != UNSIGNED:
                raise
            raise ProviderDownError(
                "Alipay does not know our key, or we not Alipay's: see ALIPAY_PRIVATE_KEY_FILE and "
                "ALIPAY_PUBLIC_KEY_FILE."
            ) from error

    async def create_customer(
        self, *, tenant_id: str, name: str, email: str, idempotency_key: str
    ) -> str:
        """Return nothing: Alipay knows payers by their own accounts, not by ours."""
        return ""

    async def start_setup(
        self,
        *,
        customer_ref: str,
        tenant_id: str,
        currency: str,
        return_url: str,
        cancel_url: str,
        state: str,
        idempotency_key: str,
    ) -> HostedPage:
        """Return the page where an account's owner authorises us; see ``exchange_code``."""
        return HostedPage(state, self._consent(return_url, state), wall_now() + SETUP_LIFE)

    async def exchange_code(self, code: str) -> str:
        """Return the account whose owner authorised us with this code, which works once.

        The caller has compared ``state`` before.
        """
        answer = await self._gateway.call(TOKEN, grant_type="authorization_code", code=code)
        return _said(answer, "user_id" if answer.get("user_id") else "open_id")

    async def start_payment(
        self,
        *,
        amount: Money,
        reference: str,
        description: str,
        customer_ref: str,
        return_url: str,
        cancel_url: str,
        expires_at: dt.datetime,
        idempotency_key: str,
    ) -> HostedPage:
        """Return a signed address of the cashier; ``reference`` makes all of them one trade.

        Alipay has no address for people who give up, so ``cancel_url`` is not used.
        """
        content = {
            "out_trade_no": reference,
            "total_amount": to_yuan(amount),
            "subject": _FORBIDDEN.sub(" ", description)[:_SUBJECT_LENGTH],
            "product_code": "FAST_INSTANT_TRADE_PAY",
            "time_expire": beijing(expires_at),
        }
        url = self._gateway.address(
            "alipay.trade.page.pay",
            content,
            notify_url=self._settings.notify_address,
            return_url=return_url,
        )
        return HostedPage(reference, url, expires_at)

    async def expire_page(self, provider_ref: str) -> bool:
        """Close a trade; False when it was paid.

        A trade begins when somebody opens its page. One nobody opened cannot be closed: its
        address ends by itself at the time it was made for, and money that comes until then is
        reported like any other.
        """
        try:
            await self._gateway.call("alipay.trade.close", {"out_trade_no": provider_ref})
        except ProviderRefusedError as refusal:
            if refusal.details.get("sub_code") == _NOT_THERE:
                return True
            status = (await self.fetch_page(provider_ref)).status
            if status == "pending":
                raise
            return status == "expired"
        return True

    async def fetch_page(self, provider_ref: str) -> PaymentState:
        """Ask what became of a trade.

        What was given back is known here only once that is all of it.
        """
        try:
            trade = await self._gateway.call("alipay.trade.query", {"out_trade_no": provider_ref})
        except ProviderRefusedError as refusal:
            if refusal.details.get("sub_code") == _NOT_THERE:  # nobody has opened its page yet
                return PaymentState("pending", "", None)
            raise
        amount = _amount(trade)
        status, was_paid = _status(trade)
        login = str(trade.get("buyer_logon_id") or "")
        return PaymentState(
            status,
            _said(trade, "trade_no") if was_paid else "",
            amount,
            amount if status == "refunded" else None,
            f"Alipay {login}" if login else "",
        )

    async def refund(
        self, *, payment_ref: str, amount: Money, reference: str, idempotency_key: str
    ) -> RefundResult:
        """Give money back; ``reference`` makes a repeated call harmless for ever.

        Raises ``ProviderDownError`` until Alipay says that the money moved: that the call was taken
        does not mean so.
        """
        content = {
            "trade_no": payment_ref,
            "refund_amount": to_yuan(amount),
            "out_request_no": reference,
        }
        answer = await self._gateway.call("alipay.trade.refund", content)
        if answer.get("fund_change") != "Y":
            found = await self._gateway.call(
                "alipay.trade.fastpay.refund.query",
                {"trade_no": payment_ref, "out_request_no": reference},
            )
            if found.get("refund_status") != "REFUND_SUCCESS":
                raise ProviderDownError("Alipay has not confirmed the refund yet.")
        return RefundResult(reference, "succeeded")

    async def fetch_refunded(self, payment_ref: str) -> Money | None:
        """Say nothing: Alipay tells of each refund, never of all."""
        return None

    async def detach_method(self, method_ref: str) -> None:
        """Forget nothing: no instrument is kept."""

    async def start_payout_onboarding(
        self,
        *,
        tenant_id: str,
        email: str,
        country: str,
        account_ref: str,
        return_url: str,
        refresh_url: str,
        state: str,
        idempotency_key: str,
    ) -> tuple[str, str]:
        """Return the page where an account's owner authorises us; its id comes by ``exchange_code``."""
        return account_ref, self._consent(return_url, state)

    async def pay_out(
        self,
        *,
        account_ref: str,
        amount: Money,
        reference: str,
        description: str,
        idempotency_key: str,
    ) -> PayoutResult:
        """Send money to an account; ``reference`` makes a repeated call harmless for ever."""
        is_user = _USER_ID.fullmatch(account_ref) is not None
        answer = await self._gateway.call(
            "alipay.fund.trans.uni.transfer",
            {
                "out_biz_no": reference,
                "trans_amount": to_yuan(amount),
                "product_code": "TRANS_ACCOUNT_NO_PWD",
                "biz_scene": "DIRECT_TRANSFER",
                "order_title": description,
                "payee_info": {
                    "identity": account_ref,
                    "identity_type": "ALIPAY_USER_ID" if is_user else "ALIPAY_OPEN_ID",
                },
            },
        )
        status = answer.get("status")
        if status in ("CLOSED", "FAIL", "REFUND"):
            raise ProviderRefusedError("Alipay could not send this payout.", sub_code=str(status))
        return PayoutResult(_said(answer, "order_id"), "paid" if status == "SUCCESS" else "pending")

    def _consent(self, return_url: str, state: str) -> str:
        query = {
            "app_id": self._settings.app_id,
            "scope": "auth_base",
            "redirect_uri": return_url,
            "state": state,
        }
        return f"{self._settings.oauth_url}?{urlencode(query)}"


def _status(trade: dict[str, Any]) -> tuple[str, bool]:
    """Return what became of a trade, and whether it was paid: closed it may be for either reason."""
    status = _said(trade, "trade_status")
    was_paid = bool(trade.get("send_pay_date"))
    if status == "TRADE_CLOSED":
        return ("refunded" if was_paid else "expired"), was_paid
    is_paid = status in ("TRADE_SUCCESS", "TRADE_FINISHED")
    return ("succeeded" if is_paid else "pending"), is_paid


def _amount(trade: dict[str, Any]) -> Money:
    try:
        return from_yuan(_said(trade, "total_amount"))
    except ValueError as error:
        raise ProviderDownError("Alipay's answer cannot be read.") from error


def _said(answer: dict[str, Any], name: str) -> str:
    """Return a field of an answer; one without it says nothing that could be acted on."""
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise ProviderDownError("Alipay's answer cannot be read.")
    return value
