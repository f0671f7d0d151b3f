"""The cap-policy template a vendor hands to its devices: a suggestion that settings may only narrow."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from app.core.errors import InvalidInputError

KNOWN_NAMESPACES: Final = ("personal", "family", "work", "travel")
"""Every memory namespace there is, in the order in which they are shown."""

TTL_RANGE: Final = (60, 1800)
"""Shortest and longest life of a capability in seconds."""

BASE_TEMPLATE: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "template": "ai-companion-basic",
        "version": 1,
        "default": "deny",
        "namespaces_allowed": ["travel"],
        "scopes": [
            {"scope": "memory.read", "verdict": "accept", "ttl_seconds": 300},
            {"scope": "memory.write", "verdict": "accept", "ttl_seconds": 300},
            {
                "scope": "payment.spend",
                "verdict": "ask_parent",
                "max_per_call": "0",
                "max_per_period": "0",
                "period": "day",
                "currency": "USD",
                "ttl_seconds": 60,
            },
        ],
        "high_risk_online_only": ["payment.spend", "cred.store", "email.send"],
    }
)
"""Where every vendor starts (contracts/identity.md section 3). Use ``narrow`` to get a copy."""


def check_namespaces(
    names: Iterable[str], allowed: Iterable[str] = KNOWN_NAMESPACES, field: str = "namespaces"
) -> list[str]:
    """Return the names once each in their known order; refuse any that is not allowed."""
    wanted, permitted = set(names), set(allowed) & set(KNOWN_NAMESPACES)
    wrong = sorted(wanted - permitted)
    if wrong:
        raise InvalidInputError(
            "Some memory namespaces are not allowed.",
            fields=[(field, f"{name!r} is not allowed") for name in wrong],
        )
    return [name for name in KNOWN_NAMESPACES if name in wanted]


def narrow(
    template: Mapping[str, Any] = BASE_TEMPLATE,
    *,
    namespaces: Iterable[str],
    allowed: Iterable[str] = KNOWN_NAMESPACES,
    ttl_seconds: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return a copy with the vendor's namespaces and lifetimes (seconds by scope).

    Namespaces must be among the tenant's ``allowed`` ones, lifetimes within ``TTL_RANGE`` and, for
    a high-risk scope, no longer than the template's own. ``default`` stays what it is. All
    problems are reported together as the fields of one ``InvalidInputError``.
    """
    problems: list[tuple[str, str]] = []
    names: list[str] = []
    try:
        names = check_namespaces(namespaces, allowed)
    except InvalidInputError as error:
        problems += error.fields
    scopes = {scope["scope"]: scope for scope in template["scopes"]}
    for scope, seconds in ttl_seconds.items():
        problem = _ttl_problem(template, scopes.get(scope), seconds)
        if problem:
            problems.append((f"ttl_seconds.{scope}", problem))
    if problems:
        raise InvalidInputError("This policy goes beyond what is allowed.", fields=problems)
    narrowed = copy.deepcopy(dict(template))
    narrowed["namespaces_allowed"] = names
    for scope in narrowed["scopes"]:
        scope["ttl_seconds"] = ttl_seconds.get(scope["scope"], scope["ttl_seconds"])
    return narrowed


def _ttl_problem(
    template: Mapping[str, Any], scope: Mapping[str, Any] | None, seconds: int
) -> str | None:
    if scope is None:
        return "is no scope of this template"
    low, high = TTL_RANGE
    if scope["scope"] in template["high_risk_online_only"]:
        high = scope["ttl_seconds"]
    if type(seconds) is not int or not low <= seconds <= high:
        return f"must be {low} to {high} seconds"
    return None
