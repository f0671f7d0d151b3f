"""Compares the double's objects with the classes of Stripe's own package."""

from __future__ import annotations

import types
import typing
from decimal import Decimal
from typing import Any, ForwardRef, Literal, Union, get_args, get_origin

import stripe
from stripe import ListObject, StripeObject
from stripe._stripe_object import UntypedStripeObject

_SCALARS = {str: str, int: int, bool: bool, float: (int, float), Decimal: (str, Decimal)}


def problems(value: Any, wanted: Any, path: str = "$") -> list[str]:
    """Say where a JSON value departs from an annotation of the SDK: unknown keys, missing ones, wrong types."""
    wanted = _resolved(wanted)
    origin = get_origin(wanted)
    if origin in {Union, types.UnionType}:
        return _union(value, get_args(wanted), path)
    if origin is Literal:
        return [] if value in get_args(wanted) else [f"{path}: {value!r} is not {wanted}"]
    if origin is list or origin is typing.List:  # noqa: UP006
        if not isinstance(value, list):
            return [f"{path}: not a list"]
        (inner,) = get_args(wanted)
        return [p for i, item in enumerate(value) for p in problems(item, inner, f"{path}[{i}]")]
    if origin is ListObject:
        (inner,) = get_args(wanted)
        if not isinstance(value, dict) or value.get("object") != "list":
            return [f"{path}: not a list object"]
        return problems(value["data"], list[inner], f"{path}.data")
    if origin is UntypedStripeObject:
        return [] if isinstance(value, dict) else [f"{path}: not a map"]
    if wanted in _SCALARS:
        right = isinstance(value, _SCALARS[wanted])
        if isinstance(value, bool) and wanted is not bool:
            right = False
        return [] if right else [f"{path}: {value!r} is not {wanted.__name__}"]
    if isinstance(wanted, type) and issubclass(wanted, StripeObject):
        return _object(value, wanted, path)
    return []


def _resolved(wanted: Any) -> Any:
    if isinstance(wanted, ForwardRef):
        wanted = wanted.__forward_arg__
    if isinstance(wanted, str):
        return getattr(stripe, wanted, Any)
    return wanted


def _union(value: Any, choices: tuple[Any, ...], path: str) -> list[str]:
    if value is None:
        return [] if type(None) in choices else [f"{path}: null"]
    return min(
        (problems(value, choice, path) for choice in choices if choice is not type(None)), key=len
    )


def _object(value: Any, wanted: type[StripeObject], path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: not an object"]
    fields = {
        name: kind
        for base in reversed(wanted.__mro__)
        if issubclass(base, StripeObject) and base.__module__ != "stripe._stripe_object"
        for name, kind in vars(base).get("__annotations__", {}).items()
        if get_origin(kind) is not typing.ClassVar
    }
    found = [
        f"{path}.{name}: unknown to {wanted.__qualname__}" for name in value if name not in fields
    ]
    for name, kind in fields.items():
        if name in value:
            found += problems(value[name], kind, f"{path}.{name}")
        elif type(None) not in get_args(kind):
            found.append(f"{path}.{name}: missing")
    return found
