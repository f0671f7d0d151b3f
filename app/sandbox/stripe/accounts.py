"""Connected accounts: the vendors we pay a share to."""

import secrets
from typing import Any

from app.sandbox.clock import wall_time
from app.sandbox.store import Document
from app.sandbox.stripe.call import Call, merge_metadata, new_id, routes
from app.sandbox.stripe.errors import StripeRefusal
from app.sandbox.stripe.events import emit
from app.sandbox.stripe.lists import list_of, page
from app.sandbox.stripe.money import available
from app.sandbox.world import World

_LINK_SECONDS = 300
_DUE = [
    "business_profile.url",
    "business_type",
    "external_account",
    "representative.first_name",
    "representative.last_name",
    "tos_acceptance.date",
    "tos_acceptance.ip",
]
_CURRENCIES = {"US": "usd", "GB": "gbp", "CA": "cad", "CH": "chf"}

# Countries whose partners Stripe cannot pay from a US or European platform, as contracts/stripe.md says.
_UNREACHABLE = frozenset({"CN", "TZ"})

_DASHBOARDS = {"express": "express", "standard": "full", "custom": "none"}


@routes.add("POST", "/v1/accounts", "AccountCreateParams")
def create_account(call: Call) -> Document:
    """Make a connected account that still has to go through onboarding."""
    params = call.take(
        "type", "controller", "country", "email", "capabilities", "business_type", "business_profile",
        "default_currency",
    )  # fmt: skip
    country = params.get("country", "US")
    if country in _UNREACHABLE:
        raise StripeRefusal(
            f"{country} is not currently supported by Stripe.",
            code="country_unsupported",
            param="country",
        )
    if "type" in params and "controller" in params:
        raise StripeRefusal("You may not provide both `type` and `controller`.", param="type")
    kind = params.get("type") or _kind_of(params.get("controller", {}))
    if kind not in _DASHBOARDS:
        raise StripeRefusal(f"Invalid type: {kind}", param="type")
    account = _new_account(call, kind, country, params)
    for name, wanted in params.get("capabilities", {}).items():
        if wanted.get("requested"):
            account["capabilities"][name] = "inactive"
    call.store.put("account", account["id"], account)
    return account


def _kind_of(controller: dict[str, Any]) -> str:
    dashboard = controller.get("stripe_dashboard", {}).get("type", "full")
    return next((kind for kind, shown in _DASHBOARDS.items() if shown == dashboard), "")


def _requirements(due: list[str], reason: str | None, pending: list[str]) -> Document:
    return {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": due,
        "disabled_reason": reason,
        "errors": [],
        "eventually_due": due,
        "past_due": due,
        "pending_verification": pending,
    }


def _new_account(call: Call, kind: str, country: str, params: dict[str, Any]) -> Document:
    key = new_id("acct", 16)
    return {
        "id": key,
        "object": "account",
        "business_profile": {
            "annual_revenue": None,
            "estimated_worker_count": None,
            "mcc": None,
            "name": None,
            "product_description": None,
            "support_address": None,
            "support_email": None,
            "support_phone": None,
            "support_url": None,
            "url": None,
            **params.get("business_profile", {}),
        },
        "business_type": params.get("business_type"),
        "capabilities": {},
        "charges_enabled": False,
        "controller": {
            "fees": {"payer": "account" if kind == "standard" else "application_express"},
            "is_controller": True,
            "losses": {"payments": "stripe" if kind == "standard" else "application"},
            "requirement_collection": "application" if kind == "custom" else "stripe",
            "stripe_dashboard": {"type": _DASHBOARDS[kind]},
            "type": "application",
        },
        "country": country,
        "created": call.now,
        "default_currency": params.get("default_currency", _CURRENCIES.get(country, "eur")),
        "details_submitted": False,
        "email": params.get("email"),
        "external_accounts": list_of(f"/v1/accounts/{key}/external_accounts", []),
        "future_requirements": _requirements([], None, []),
        "metadata": call.metadata(),
        "payouts_enabled": False,
        "requirements": _requirements(list(_DUE), "requirements.past_due", []),
        "settings": {
            "branding": {
                "icon": None,
                "logo": None,
                "primary_color": None,
                "secondary_color": None,
            },
            "card_payments": {
                "decline_on": {"avs_failure": False, "cvc_failure": False},
                "statement_descriptor_prefix": None,
                "statement_descriptor_prefix_kana": None,
                "statement_descriptor_prefix_kanji": None,
            },
            "dashboard": {"display_name": None, "timezone": "Etc/UTC"},
            "payments": {
                "statement_descriptor": None,
                "statement_descriptor_kana": None,
                "statement_descriptor_kanji": None,
            },
            "payouts": {
                "debit_negative_balances": True,
                "schedule": {"delay_days": 2, "interval": "daily"},
                "statement_descriptor": None,
            },
        },
        "tos_acceptance": {"date": None},
        "type": kind,
    }


@routes.add("GET", "/v1/accounts/{id}", "AccountRetrieveParams", on_account=True)
def retrieve_account(call: Call) -> Document:
    """Show a connected account."""
    found = call.store.get("account", call.path["id"])
    if found is None:
        raise StripeRefusal(
            f"The provided key does not have access to account '{call.path['id']}' (or that account does not exist).",
            status=403,
            code="account_invalid",
        )
    return found


@routes.add("POST", "/v1/accounts/{id}", "AccountUpdateParams")
def update_account(call: Call) -> Document:
    """Change a connected account's e-mail, profile or metadata."""
    account = retrieve_account(call)
    params = call.take("email", "business_profile", "business_type")
    account["metadata"] = merge_metadata(account["metadata"], params.get("metadata"))
    account["business_profile"].update(params.get("business_profile", {}))
    for name in ("email", "business_type"):
        if name in params:
            account[name] = params[name]
    call.store.put("account", account["id"], account)
    emit(call.world, "account.updated", account, account=account["id"], call=call)
    return account


@routes.add("GET", "/v1/accounts", "AccountListParams")
def list_accounts(call: Call) -> Document:
    """List connected accounts, newest first."""
    return page(call, "/v1/accounts", call.store.all("account")[::-1], ())


@routes.add("POST", "/v1/account_links", "AccountLinkCreateParams")
def create_link(call: Call) -> Document:
    """Make a single-use, short-lived address for onboarding."""
    params = call.take(
        "account", "type", "refresh_url", "return_url", "collection_options", "collect"
    )
    if params["type"] not in {"account_onboarding", "account_update"}:
        raise StripeRefusal(f"Invalid type: {params['type']}", param="type")
    for name in ("refresh_url", "return_url"):
        if name not in params:
            raise StripeRefusal(
                f"Missing required param: {name}.", code="parameter_missing", param=name
            )
    account = call.find("account", params["account"], "account")
    token = secrets.token_urlsafe(12)
    call.store.put(
        "account_link",
        token,
        {
            "account": account["id"],
            "refresh_url": params["refresh_url"],
            "return_url": params["return_url"],
            # Wall time: the person who clicks lives in it, however far the clock was moved.
            "expires_at": wall_time() + _LINK_SECONDS,
            "used": False,
        },
    )
    return {
        "object": "account_link",
        "created": call.now,
        "expires_at": call.now + _LINK_SECONDS,
        "url": call.world.url(f"/stripe/connect/{account['id']}/{token}"),
    }


def onboard(world: World, account: Document) -> None:
    """Let everything be in order."""
    account["details_submitted"] = True
    account["charges_enabled"] = True
    account["payouts_enabled"] = True
    account["business_type"] = account["business_type"] or "company"
    account["tos_acceptance"] = {"date": world.clock.now()}
    account["requirements"] = _requirements([], None, [])
    account["capabilities"] = dict.fromkeys(account["capabilities"], "active")
    _changed(world, account)


def review(world: World, account: Document) -> None:
    """Let Stripe look at the papers first."""
    account["details_submitted"] = True
    account["charges_enabled"] = False
    account["payouts_enabled"] = False
    account["requirements"] = _requirements(
        [], "requirements.pending_verification", ["company.verification.document"]
    )
    account["capabilities"] = dict.fromkeys(account["capabilities"], "pending")
    _changed(world, account)


def restrict(world: World, account: Document) -> None:
    """Let Stripe turn the account down until better papers come."""
    account["details_submitted"] = True
    account["charges_enabled"] = False
    account["payouts_enabled"] = False
    account["requirements"] = _requirements(
        ["company.verification.document"], "requirements.past_due", []
    )
    account["capabilities"] = dict.fromkeys(account["capabilities"], "inactive")
    _changed(world, account)


def _changed(world: World, account: Document) -> None:
    world.store.put("account", account["id"], account)
    emit(world, "account.updated", account, account=account["id"])


def fail_payout(world: World, account: Document, amount: int | None) -> Document:
    """Let a payout from the connected account to its bank come back."""
    currency = account["default_currency"]
    payout: Document = {
        "id": new_id("po", 24),
        "object": "payout",
        "amount": available(world.store, account["id"], currency) if amount is None else amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": world.clock.now(),
        "automatic": True,
        "balance_transaction": None,
        "created": world.clock.now(),
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": None,
        "failure_balance_transaction": None,
        "failure_code": "account_closed",
        "failure_message": "The bank account has been closed.",
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "reconciliation_status": "completed",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "failed",
        "type": "bank_account",
    }
    world.store.put("payout", payout["id"], payout)
    account["payouts_enabled"] = False
    account["requirements"] = _requirements(["external_account"], "requirements.past_due", [])
    emit(world, "payout.failed", payout, account=account["id"])
    _changed(world, account)
    return payout
