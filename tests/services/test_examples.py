"""Every action's example is one that the action takes."""

from __future__ import annotations

import pytest

from app.rules.examples import example
from app.services import gateway  # noqa: F401 - registers every action
from app.services.actions import ACTIONS


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_an_actions_example_is_taken_by_it(name: str) -> None:
    action = ACTIONS[name]
    made = example(action.definition.params_schema)
    action.checked(made)
    assert set(action.definition.params_schema.get("required", ())) <= made.keys()


def test_an_example_follows_references_and_chooses_what_may_stand_there() -> None:
    schema = {
        "type": "object",
        "required": ["who", "how", "many", "when"],
        "properties": {
            "who": {"$ref": "#/$defs/Who"},
            "how": {"type": "string", "pattern": "^(one|other)$"},
            "many": {"type": "array", "items": {"type": "integer", "minimum": 3}},
            "when": {"anyOf": [{"type": "null"}, {"type": "string"}]},
            "left_out": {"type": "string"},
        },
        "$defs": {
            "Who": {"type": "object", "required": ["a"], "properties": {"a": {"enum": ["x"]}}}
        },
    }
    assert example(schema) == {"who": {"a": "x"}, "how": "one", "many": [3], "when": None}
