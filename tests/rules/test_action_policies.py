from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidInputError
from app.rules.action_policies import Effect, Policy, checked_pattern, decide

NAMES = ("domain.leadscoring.leads.create", "domain.leadscoring.leads.export", "iam.keys.create")
PATTERNS = ("*", "domain.*", "domain.leadscoring.*", "domain.leadscoring.leads.*", *NAMES)
POLICIES = st.lists(
    st.builds(
        Policy,
        st.just(UUID(int=1)),
        st.sampled_from(PATTERNS),
        st.sampled_from(Effect),
        st.booleans(),
    ),
    unique_by=lambda one: (one.pattern, one.is_global),
)


def policy(pattern: str, effect: Effect = Effect.DENY, *, is_global: bool = True) -> Policy:
    return Policy(UUID(int=1), pattern, effect, is_global)


@pytest.mark.parametrize(
    ("pattern", "action", "covers"),
    [
        ("*", "meta.actions", True),
        ("domain.*", "domain.leadscoring.leads.create", True),
        ("domain.*", "domains.other", False),
        ("domain.leadscoring.leads", "domain.leadscoring.leads.create", False),
        ("iam.keys.create", "iam.keys.create", True),
    ],
)
def test_a_pattern_covers_a_name_or_all_below_it(pattern: str, action: str, covers: bool) -> None:
    assert policy(pattern).covers(action) is covers


def test_the_narrowest_decides_and_a_tenants_own_before_that_of_all() -> None:
    wide, narrow = policy("domain.*"), policy("domain.leadscoring.*", Effect.ALLOW)
    own = policy("domain.leadscoring.*", Effect.REQUIRE_APPROVAL, is_global=False)
    exact = policy(NAMES[0], Effect.ALLOW)
    assert decide(NAMES[0], [wide, narrow]) is narrow
    assert decide(NAMES[0], [own, wide, narrow]) is own
    assert decide(NAMES[0], [own, exact, wide]) is exact
    assert decide("iam.keys.create", [own, wide]) is None


@given(policies=POLICIES, seed=st.randoms(use_true_random=False), action=st.sampled_from(NAMES))
def test_the_order_of_policies_does_not_matter(
    policies: list[Policy], seed: object, action: str
) -> None:
    before = decide(action, policies)
    seed.shuffle(policies)  # type: ignore[attr-defined]
    assert decide(action, policies) == before
    assert (before is None) is not any(one.covers(action) for one in policies)


@pytest.mark.parametrize(
    "text", ["", "domain.", "Domain.x", "a..b", "a.*.b", "*.b", "a" * 129, "a b"]
)
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        checked_pattern(text)


@pytest.mark.parametrize("text", [*PATTERNS, " domain.* "])
def test_a_pattern_is_kept_without_spaces_around(text: str) -> None:
    assert checked_pattern(text) == text.strip()
