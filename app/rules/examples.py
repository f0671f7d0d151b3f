"""An example that a JSON schema accepts, so that nobody begins with an empty page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, cast

_CHOICE: Final = re.compile(r"\^\(([^()|]+)[^()]*\)\$")
_DEEPEST: Final = 8


def example(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return params with everything that is required, and one entry in every list."""
    made = _value(schema, schema, "", 0)
    return cast("dict[str, Any]", made) if isinstance(made, dict) else {}


def _value(node: Mapping[str, Any], root: Mapping[str, Any], name: str, depth: int) -> Any:
    while "$ref" in node:
        node = _followed(root, str(node["$ref"]))
    for key in ("examples", "enum"):
        if node.get(key):
            return node[key][0]
    if "const" in node or "default" in node:
        return node.get("const", node.get("default"))
    for key in ("anyOf", "oneOf", "allOf"):
        if node.get(key):
            return _value(node[key][0], root, name, depth)
    match node.get("type"):
        case "object":
            return _object(node, root, depth)
        case "array":
            items: Mapping[str, Any] = node.get("items", {})
            return [] if depth > _DEEPEST else [_value(items, root, name, depth + 1)]
        case "integer" | "number":
            return node.get("minimum") if node.get("minimum", 0) > 0 else 1
        case "boolean":
            return True
        case "string" | None:
            return _text(node, name)
        case _:
            return None


def _object(node: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> dict[str, Any]:
    if depth > _DEEPEST:
        return {}
    properties: Mapping[str, Any] = node.get("properties", {})
    if not properties and isinstance(node.get("additionalProperties"), Mapping):
        return {"example": _value(node["additionalProperties"], root, "example", depth + 1)}
    return {
        key: _value(properties[key], root, key, depth + 1)
        for key in properties
        if key in node.get("required", ())
    }


def _text(node: Mapping[str, Any], name: str) -> str:
    choice = _CHOICE.fullmatch(str(node.get("pattern", "")))
    if choice:
        return choice[1]
    least = int(node.get("minLength", 0))
    return (f"my-{name}" if name else "example").replace("_", "-").ljust(least, "x")


def _followed(root: Mapping[str, Any], ref: str) -> Mapping[str, Any]:
    found: Any = root
    for part in ref.removeprefix("#/").split("/"):
        found = found[part]
    return found
