from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidInputError
from app.rules import policies
from app.rules.policies import BASE_TEMPLATE, KNOWN_NAMESPACES

namespaces = st.lists(st.sampled_from(KNOWN_NAMESPACES))


def test_the_base_template_is_the_contracts() -> None:
    assert policies.narrow(namespaces=["travel"]) == {
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


def test_a_vendors_namespaces_and_lifetimes_are_filled_in() -> None:
    policy = policies.narrow(
        namespaces=["travel", "family", "travel"], ttl_seconds={"memory.read": 60}
    )
    assert policy["namespaces_allowed"] == ["family", "travel"]
    assert [scope["ttl_seconds"] for scope in policy["scopes"]] == [60, 300, 60]


def test_narrowing_leaves_the_template_alone() -> None:
    before = json.dumps(dict(BASE_TEMPLATE))
    policy = policies.narrow(namespaces=[], ttl_seconds={"memory.read": 900})
    policy["scopes"].clear()
    policy["high_risk_online_only"].clear()
    assert json.dumps(dict(BASE_TEMPLATE)) == before


@pytest.mark.parametrize("scope", ["memory.read", "memory.write"])
@pytest.mark.parametrize("seconds", [60, 1800])
def test_a_lifetime_may_touch_its_bounds(scope: str, seconds: int) -> None:
    policy = policies.narrow(namespaces=[], ttl_seconds={scope: seconds})
    assert seconds in [each["ttl_seconds"] for each in policy["scopes"] if each["scope"] == scope]


@pytest.mark.parametrize(
    ("scope", "seconds", "problem"),
    [
        ("memory.read", 59, "must be 60 to 1800 seconds"),
        ("memory.read", 1801, "must be 60 to 1800 seconds"),
        ("memory.read", True, "must be 60 to 1800 seconds"),
        ("memory.read", "300", "must be 60 to 1800 seconds"),
        ("payment.spend", 61, "must be 60 to 60 seconds"),
        ("cred.store", 60, "is no scope of this template"),
    ],
)
def test_a_lifetime_beyond_its_bounds_is_refused(scope: str, seconds: Any, problem: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        policies.narrow(namespaces=[], ttl_seconds={scope: seconds})
    assert refusal.value.fields == [(f"ttl_seconds.{scope}", problem)]


def test_all_problems_are_reported_together() -> None:
    with pytest.raises(InvalidInputError) as refusal:
        policies.narrow(
            namespaces=["secrets", "work", "family"],
            allowed=["family", "secrets"],
            ttl_seconds={"memory.read": 1},
        )
    assert refusal.value.fields == [
        ("namespaces", "'secrets' is not allowed"),
        ("namespaces", "'work' is not allowed"),
        ("ttl_seconds.memory.read", "must be 60 to 1800 seconds"),
    ]


def test_a_tenants_allowed_namespaces_are_checked_under_their_own_name() -> None:
    assert policies.check_namespaces(["work", "personal"]) == ["personal", "work"]
    with pytest.raises(InvalidInputError) as refusal:
        policies.check_namespaces(["temp"], field="allowed_namespaces")
    assert refusal.value.fields == [("allowed_namespaces", "'temp' is not allowed")]


@given(namespaces, namespaces, st.integers(0, 2000))
def test_a_policy_is_refused_or_no_wider_than_allowed(
    wanted: list[str], allowed: list[str], seconds: int
) -> None:
    try:
        policy = policies.narrow(
            namespaces=wanted, allowed=allowed, ttl_seconds={"memory.write": seconds}
        )
    except InvalidInputError:
        assert not set(wanted) <= set(allowed) or not 60 <= seconds <= 1800
        return
    assert set(policy["namespaces_allowed"]) == set(wanted) <= set(allowed)
    assert policy["default"] == "deny"
    assert all(60 <= scope["ttl_seconds"] <= 1800 for scope in policy["scopes"])
    assert json.loads(json.dumps(policy)) == policy
