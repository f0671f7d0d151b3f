"""The scorer of the reference product: a lead's answers against a model's rules, the same every time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, cast

GRADES: Final = ((80, "A"), (60, "B"), (40, "C"))
"""Least points of each grade; below the last one it is ``LOWEST``."""
LOWEST: Final = "D"
LEAST, MOST = 0, 100


class Operator(StrEnum):
    """How a rule looks at an answer."""

    EQUALS = "equals"
    IN = "in"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    CONTAINS = "contains"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Rule:
    """Points for an answer; may be negative."""

    key: str
    question: str
    operator: Operator
    value: Any
    points: int


@dataclass(frozen=True, slots=True)
class Score:
    """What a lead is worth, and the rules that said so."""

    points: int
    grade: str
    matched: tuple[str, ...]


def score(answers: Mapping[str, Any], rules: Sequence[Rule], *, base: int) -> Score:
    """Add up the points of every rule that matches, within 0 to 100; the rules' order does not matter."""
    matched = sorted((rule for rule in rules if matches(rule, answers)), key=lambda rule: rule.key)
    points = max(LEAST, min(MOST, base + sum(rule.points for rule in matched)))
    grade = next((name for least, name in GRADES if points >= least), LOWEST)
    return Score(points, grade, tuple(rule.key for rule in matched))


def matches(rule: Rule, answers: Mapping[str, Any]) -> bool:
    """Tell whether a rule applies; an answer of another kind than the rule's value never does."""
    answer = answers.get(rule.question)
    if answer is None:
        return False
    match rule.operator:
        case Operator.ANSWERED:
            return True
        case Operator.EQUALS:
            return _same(answer, rule.value)
        case Operator.IN:
            return any(_same(answer, one) for one in _listed(rule.value))
        case Operator.CONTAINS:
            return _contains(answer, rule.value)
        case Operator.AT_LEAST:
            return _is_number(answer) and _is_number(rule.value) and answer >= rule.value
        case Operator.AT_MOST:
            return _is_number(answer) and _is_number(rule.value) and answer <= rule.value


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one.strip().casefold() == other.strip().casefold()
    return type(one) is type(other) and bool(one == other)


def _contains(answer: Any, wanted: Any) -> bool:
    if isinstance(answer, str) and isinstance(wanted, str):
        return wanted.strip().casefold() in answer.casefold()
    return any(_same(one, wanted) for one in _listed(answer))


def _listed(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
