"""The scorer: the same answers are worth the same, whatever the order of the rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.lead_scoring import LEAST, MOST, Operator, Rule, matches, score

_ANSWERS = st.dictionaries(
    st.sampled_from("abc"), st.one_of(st.integers(-5, 5), st.booleans(), st.text(max_size=3))
)
_RULES = st.lists(
    st.builds(
        Rule,
        key=st.text("xyz", min_size=1, max_size=4),
        question=st.sampled_from("abc"),
        operator=st.sampled_from(Operator),
        value=st.one_of(st.integers(-5, 5), st.text(max_size=3), st.lists(st.integers(-5, 5))),
        points=st.integers(-100, 100),
    ),
    unique_by=lambda rule: rule.key,
    max_size=6,
)


@given(_ANSWERS, _RULES, st.integers(-100, 100), st.randoms())
def test_the_order_of_rules_does_not_matter_and_points_stay_in_range(
    answers: dict[str, Any], rules: list[Rule], base: int, random: Any
) -> None:
    worth = score(answers, rules, base=base)
    shuffled = list(rules)
    random.shuffle(shuffled)
    assert score(answers, shuffled, base=base) == worth
    assert LEAST <= worth.points <= MOST
    assert set(worth.matched) == {rule.key for rule in rules if matches(rule, answers)}


@pytest.mark.parametrize(
    ("operator", "value", "answer", "matched"),
    [
        (Operator.EQUALS, "Yes", " yes ", True),
        (Operator.EQUALS, 1, True, False),
        (Operator.EQUALS, "1", 1, False),
        (Operator.IN, ["a", "b"], "B", True),
        (Operator.IN, "ab", "a", False),
        (Operator.AT_LEAST, 10, 10, True),
        (Operator.AT_LEAST, 10, "11", False),
        (Operator.AT_MOST, 10, 11, False),
        (Operator.CONTAINS, "ai", "We sell AI", True),
        (Operator.CONTAINS, "x", ["x", "y"], True),
        (Operator.ANSWERED, None, "", True),
        (Operator.ANSWERED, None, None, False),
    ],
)
def test_operators(operator: Operator, value: Any, answer: Any, matched: bool) -> None:
    assert matches(Rule("k", "q", operator, value, 1), {"q": answer}) is matched


@pytest.mark.parametrize(
    ("points", "grade"), [(80, "A"), (79, "B"), (60, "B"), (40, "C"), (39, "D")]
)
def test_grades(points: int, grade: str) -> None:
    assert score({}, [], base=points).grade == grade
