"""Connected accounts and the transfers that pay them."""

from __future__ import annotations

from app.core.errors import ProviderRefusedError
from app.core.money import Money
from app.providers.stripe.amounts import from_minor, to_minor
from app.providers.stripe.api import Part, ask, key
from app.services.ports import PayoutResult


class Payouts(Part):
    """The part of ``PaymentProvider`` that pays vendors."""

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
        """Make an Express account, if there is none, and a single-use link to its onboarding."""
        if not account_ref:
            params = {
                "type": "express",
                "country": country,
                "email": email,
                "capabilities": {"transfers": {"requested": True}},
                "metadata": {"tenant_id": tenant_id, "state": state},
            }
            create = self._api.v1.accounts.create_async
            account_ref = (await ask(create(params, key(idempotency_key)))).id
        params = {
            "account": account_ref,
            "type": "account_onboarding",
            "refresh_url": refresh_url,
            "return_url": return_url,
        }
        link = await ask(self._api.v1.account_links.create_async(params))
        return account_ref, link.url

    async def pay_out(
        self,
        *,
        account_ref: str,
        amount: Money,
        reference: str,
        description: str,
        idempotency_key: str,
    ) -> PayoutResult:
        """Transfer from our balance to the connected account; never twice under one reference."""
        wanted = to_minor(amount)
        transfers = self._api.v1.transfers
        # Stripe forgets the key after a day, a payout may be tried for longer.
        group = {"transfer_group": reference, "limit": 1}
        made = (await ask(transfers.list_async(group))).data
        if made:
            sent = from_minor(made[0].amount, made[0].currency)
            if sent != amount or made[0].destination != account_ref:
                raise ProviderRefusedError(f"{sent} was sent under this reference before.")
            return PayoutResult(made[0].id, "paid")
        params = {
            "destination": account_ref,
            "amount": wanted,
            "currency": amount.currency.lower(),
            "transfer_group": reference,
            "description": description,
            "metadata": {"reference": reference},
        }
        transfer = await ask(transfers.create_async(params, key(idempotency_key)))
        return PayoutResult(transfer.id, "paid")
