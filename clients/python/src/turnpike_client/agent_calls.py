"""The calls of an agent, each a function from its arguments to a Call; the clients' methods are made from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import uuid4

from turnpike_client import models
from turnpike_client.calls import Id, encode, get, paged, post, reader
from turnpike_client.core import Answer, Call, Page
from turnpike_client.errors import invalid
from turnpike_client.omni import parse_uuid

FREE_READS = re.compile(r"meta\..+|.+\.list")
"""Actions that change nothing and cost nothing: repeating them needs no key."""


def onboard(
    agent_id: str, email: str, organisation: str = "", *, product: str = "leadscoring"
) -> Call[models.Onboarding]:
    """Open an agent's account; ``api_key`` of the answer is shown this once.

    An address that has its free calls already gets a mail, and the answer no key. It is sent once:
    a repetition after a lost answer could not bring the key back.
    """
    if not re.fullmatch(r"[a-z0-9-]{1,64}", product):
        raise invalid("product", "must be a product's name")
    body = {"agent_id": agent_id, "email": email, "organization_name": organisation}
    path = f"/api/onboard/{product}"
    return Call("POST", path, reader(models.Onboarding), body=encode(body))


def call(
    action: str,
    params: Mapping[str, Any] | None = None,
    *,
    dry_run: bool = False,
    idempotency_key: str | None = None,
) -> Call[models.Reply]:
    """Do one action, at most once however often it is tried.

    All tries carry one idempotency key, your own or a new one, so a call is neither done nor charged twice;
    only what changes and costs nothing, and a dry run, goes without.
    """
    key = idempotency_key
    if key is not None and not re.fullmatch(r"[!-~]{1,100}", key):
        raise invalid("idempotency_key", "must be 1 to 100 printable characters without blanks")
    if key is None and not dry_run and not FREE_READS.fullmatch(action):
        key = uuid4().hex
    body: dict[str, Any] = {"action": action, "params": dict(params or {}), "dry_run": dry_run}
    if key is not None:
        body["idempotency_key"] = key
    return Call("POST", "/api/manage", reader(models.Reply), body=encode(body))


def usage() -> Call[models.AgentUsage]:
    """Return what is used of the running month."""
    return get("/api/usage", models.AgentUsage)


def bill(tenant: Id, period: str) -> Call[models.Bill]:
    """Return a month, ``YYYY-MM``: its calls, what they cost, and its invoice once there is one."""
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", period):
        raise invalid("period", "must be YYYY-MM")
    wanted = {"tenant_uuid": parse_uuid(tenant), "period": period}
    return get("/api/billing/invoice", models.Bill, **wanted)


def upgrade(tenant: Id, *, idempotency_key: str | None = None) -> Call[models.UpgradePage]:
    """Return the page where whoever pays stores a card; nothing is charged there."""
    body = {"tenant_uuid": parse_uuid(tenant)}
    return post("/api/upgrade/checkout", body, models.UpgradePage, idempotency_key)


def spend_limits() -> Call[models.SpendLimits]:
    """Return the budget, and what is spent of it this month."""
    return get("/api/spend-limits", models.SpendLimits)


def set_spend_limits(
    budget: str | Decimal | None, *, hard_stop: bool = False
) -> Call[models.SpendLimits]:
    """Set what the calls of a month may cost in USD, None for anything; a spent one may stop calls."""
    amount = None if budget is None else {"amount": str(budget), "currency": "USD"}
    body = encode({"budget": amount, "hard_stop": hard_stop})
    return Call("PUT", "/api/spend-limits", reader(models.SpendLimits), body=body)


def keys() -> Call[Page[models.Key]]:
    """Iterate over all keys, fetching pages as needed."""
    return paged("/api/keys", models.Key)


def create_key(
    label: str | None = None,
    scopes: list[str] | None = None,
    *,
    idempotency_key: str | None = None,
) -> Call[models.IssuedKey]:
    """Issue another key with at most the scopes of this one; the secret appears only here."""
    given = {"label": label, "scopes": scopes}
    body = {name: value for name, value in given.items() if value is not None}
    return post("/api/keys", body, models.IssuedKey, idempotency_key)


def rotate_key(
    key_id: Id, overlap_hours: int | None = None, *, idempotency_key: str | None = None
) -> Call[models.IssuedKey]:
    """Issue a key's successor; the old one lives on for the overlap."""
    body = {} if overlap_hours is None else {"overlap_hours": overlap_hours}
    path = f"/api/keys/{parse_uuid(key_id)}/rotate"
    return post(path, body, models.IssuedKey, idempotency_key)


def revoke_key(key_id: Id) -> Call[None]:
    """End a key at once."""

    def read(_: Answer) -> None:
        return None

    return Call("DELETE", f"/api/keys/{parse_uuid(key_id)}", read)
