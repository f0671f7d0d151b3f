"""Actions in the words of their catalogue: what each takes, what it costs, how it is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.services.actions import ACTIONS, Action


@dataclass(frozen=True)
class ActionLine:
    """One action in the catalogue."""

    id: str
    text: str
    scope: str
    cost: str
    can_dry: bool


@dataclass(frozen=True)
class ParamRow:
    """One parameter; ``path`` names where it stands."""

    id: str
    path: str
    type: str
    needed: str
    rule: str


def catalogue() -> list[ActionLine]:
    """Return every action there is."""
    return [_line(name, one) for name, one in sorted(ACTIONS.items())]


def params(schema: Mapping[str, Any]) -> list[ParamRow]:
    """Return what an action takes, nested parameters after the one they belong to."""
    return _rows(schema, schema, "", 0)


def _line(name: str, one: Action) -> ActionLine:
    definition = one.definition
    unit = f"1 {definition.unit}" if definition.unit else "1 call"
    return ActionLine(
        id=name,
        text=definition.description.splitlines()[0] if definition.description else "",
        scope=definition.scope.value,
        cost=unit if definition.is_billable else "Free",
        can_dry=definition.supports_dry_run,
    )


def _rows(
    node: Mapping[str, Any], root: Mapping[str, Any], before: str, depth: int
) -> list[ParamRow]:
    made: list[ParamRow] = []
    node = _resolved(node, root)
    required: Sequence[str] = node.get("required", ())
    for name, inner in node.get("properties", {}).items():
        path = f"{before}{name}"
        one = _resolved(inner, root)
        needed = "Required" if name in required else "Optional"
        made.append(ParamRow(path, path, _type(one, root), needed, _rule(one)))
        if depth < 3:
            items = _resolved(one.get("items", {}), root)
            if items.get("properties"):
                made += _rows(items, root, f"{path}[].", depth + 1)
            elif one.get("properties"):
                made += _rows(one, root, f"{path}.", depth + 1)
    return made


def _resolved(node: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in node:
        found: Any = root
        for part in str(node["$ref"]).removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def _type(node: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    if options := node.get("anyOf", node.get("oneOf")):
        return " or ".join(dict.fromkeys(_type(_resolved(one, root), root) for one in options))
    kind = str(node.get("type", "any"))
    if kind == "array":
        return f"list of {_type(_resolved(node.get('items', {}), root), root)}"
    return kind


def _rule(node: Mapping[str, Any]) -> str:
    said: list[str] = []
    for low, high, what in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " entries"),
    ):
        if low in node and high in node:
            said.append(f"{node[low]} to {node[high]}{what}")
        elif high in node:
            said.append(f"at most {node[high]}{what}")
        elif low in node:
            said.append(f"at least {node[low]}{what}")
    if "pattern" in node:
        said.append(f"like {node['pattern']}")
    if node.get("default") not in (None, [], {}, ""):
        said.append(f"{node['default']} if left out")
    return ", ".join(said)
