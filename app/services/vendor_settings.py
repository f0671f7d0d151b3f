"""What a vendor's owner may change about the account: person, company, default policy."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.core.errors import InvalidInputError
from app.core.locale import LOCALES, country_names
from app.rules import policies
from app.rules.fields import one_line
from app.services import devices, onboarding, people
from app.services.context import Context
from models.tenant import Tenant

LONGEST_ADDRESS: Final = 400
MOST_LINES: Final = 6


@dataclass(frozen=True, slots=True)
class Company:
    """Who an invoice is made out to; ``country`` is ISO 3166, two letters."""

    legal_name: str
    address: str
    country: str
    tax_id: str


@dataclass(frozen=True, slots=True)
class Policy:
    """The default policy as it stands: the namespaces there may be, and the template handed out."""

    allowed: tuple[str, ...]
    template: Mapping[str, Any]


async def save_profile(ctx: Context, name: object, locale: object) -> None:
    """Set the acting person's name and the language the account is written to in."""
    person = await people.me(ctx)
    called = one_line(name, "name", longest=80, shortest=0)
    if not isinstance(locale, str) or locale not in LOCALES:
        raise InvalidInputError(
            "Choose one of the languages.", fields=[("locale", "is no language of ours")]
        )
    tenant = await onboarding.own_tenant(ctx, lock=True)
    person.name, tenant.locale = called, locale
    ctx.audit("vendor.profile_saved", subject=("person", person.id), body={"locale": locale})


async def save_company(ctx: Context, company: Company) -> None:
    """Set who the coming invoices are made out to; those issued stay as they are."""
    await people.me(ctx)
    legal_name = one_line(company.legal_name, "legal_name", longest=120)
    address = _lines(company.address)
    if company.country not in country_names("en"):
        raise InvalidInputError("Choose a country.", fields=[("country", "is no country")])
    tax_id = one_line(company.tax_id, "tax_id", longest=40, shortest=0)
    tenant = await onboarding.own_tenant(ctx, lock=True)
    tenant.legal_name, tenant.address = legal_name, address
    tenant.country, tenant.tax_id = company.country, tax_id
    ctx.audit(
        "vendor.company_saved",
        subject=("tenant", tenant.id),
        body={"legal_name": legal_name, "country": tenant.country, "tax_id": tax_id},
    )


async def policy(ctx: Context) -> Policy:
    """Return the acting vendor's default policy."""
    return _policy(await onboarding.own_tenant(ctx))


async def save_policy(
    ctx: Context, namespaces: Iterable[str], ttl_seconds: Mapping[str, int]
) -> Policy:
    """Narrow the policy that devices get from now on; raises ``InvalidInputError``."""
    await people.me(ctx)
    tenant = await onboarding.own_tenant(ctx, lock=True)
    narrowed = policies.narrow(
        namespaces=namespaces, allowed=tenant.namespaces_allowed, ttl_seconds=ttl_seconds
    )
    chosen: dict[str, object] = {
        "namespaces": narrowed["namespaces_allowed"],
        "ttl_seconds": dict(ttl_seconds),
    }
    ctx.audit(
        "vendor.policy_saved",
        subject=("tenant", tenant.id),
        body={"before": dict(tenant.policy), "now": chosen},
    )
    tenant.policy = chosen
    return _policy(tenant)


def _policy(tenant: Tenant) -> Policy:
    return Policy(tuple(tenant.namespaces_allowed), devices.suggested_policy(tenant))


def _lines(text: object) -> str:
    """Return an address of a few lines without hidden characters."""
    if not isinstance(text, str):
        raise InvalidInputError("The address is missing.", fields=[("address", "is missing")])
    lines = [" ".join(unicodedata.normalize("NFC", one).split()) for one in text.splitlines()]
    tidy = [one_line(one, "address", longest=LONGEST_ADDRESS) for one in lines if one]
    address = "\n".join(tidy)
    if not tidy or len(tidy) > MOST_LINES or len(address) > LONGEST_ADDRESS:
        problem = f"must have 1 to {MOST_LINES} lines and at most {LONGEST_ADDRESS} characters"
        raise InvalidInputError(f"The address {problem}.", fields=[("address", problem)])
    return address
