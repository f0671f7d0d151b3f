"""Reads Stripe's bracketed form bodies and query strings."""

import re
from typing import Any
from urllib.parse import parse_qsl

_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART = re.compile(r"\[([^\[\]]*)\]")
_DEEPEST = 12

# Keys below these belong to the caller: "0" stays a name and does not make a list.
_FREE_KEYS = frozenset({"metadata"})


class FormError(ValueError):
    """The body is no bracketed form."""


def parse_form(text: str) -> dict[str, Any]:
    """Return the nested parameters of `a[b][0][c]=x`, all leaves being text."""
    tree: dict[str, Any] = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict")
    except (UnicodeDecodeError, ValueError) as error:
        raise FormError(str(error)) from error
    for key, value in pairs:
        match = _KEY.fullmatch(key)
        if match is None:
            msg = f"Invalid parameter name: {key}"
            raise FormError(msg)
        path = [match[1], *_PART.findall(match[2])]
        if len(path) > _DEEPEST:
            msg = f"Parameter nested too deeply: {key}"
            raise FormError(msg)
        _insert(tree, path, value)
    return {name: _listed(name, value) for name, value in tree.items()}


def _insert(tree: dict[str, Any], path: list[str], value: str) -> None:
    node = tree
    for part in path[:-1]:
        child = node.setdefault(part or str(len(node)), {})
        if not isinstance(child, dict):
            msg = f"Parameter given both as a value and as a hash: {part}"
            raise FormError(msg)
        node = child
    last = path[-1] or str(len(node))
    if isinstance(node.get(last), dict):
        msg = f"Parameter given both as a hash and as a value: {last}"
        raise FormError(msg)
    node[last] = value


def _listed(name: str, node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    children = {key: _listed(key, value) for key, value in node.items()}
    if name in _FREE_KEYS or not all(key.isdecimal() for key in children):
        return children
    return [children[key] for key in sorted(children, key=int)]
