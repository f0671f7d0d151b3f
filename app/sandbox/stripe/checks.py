"""Checks every request against the parameter types of Stripe's own package, so that the double cannot be lenient."""

import sys
import typing
from functools import cache
from typing import Any, TypeVar

import stripe.params as stripe_params
import typing_extensions
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from stripe import RequestOptions

from app.sandbox.stripe.errors import StripeRefusal

_T = TypeVar("_T")
_Untyped = dict[str, _T]  # what the SDK's UntypedStripeObject[...] is on the wire
_OPTIONS = frozenset(RequestOptions.__annotations__)
_STRICT = ConfigDict(extra="forbid", defer_build=True)


@cache
def _adapter(name: str) -> TypeAdapter[dict[str, Any]]:
    place: Any = stripe_params
    for part in name.split("."):
        place = getattr(place, part)
    module = vars(sys.modules[place.__module__])
    for value in module.values():
        if typing_extensions.is_typeddict(value):
            value.__pydantic_config__ = _STRICT
    adapter: TypeAdapter[dict[str, Any]] = TypeAdapter(place)
    # The SDK's annotations are text; these two names stand for types pydantic knows.
    names = {
        **vars(typing),
        **module,
        "StripeContext": str,
        "UntypedStripeObject": _Untyped,
    }
    adapter.rebuild(_types_namespace=names, force=True)
    return adapter


def check(name: str, raw: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters with their true types, or refuse them as Stripe does.

    `name` is a class of `stripe.params`, such as `InvoiceCreateParams` or `checkout.SessionCreateParams`.
    """
    if "payment_method_types" in raw and name.endswith("CreateParams"):
        raise StripeRefusal(
            "The `payment_method_types` parameter is no longer supported. Use `allowed_payment_method_types` or "
            "`excluded_payment_method_types`.",
            code="payment_method_types_no_longer_supported",
            param="payment_method_types",
        )
    for key in raw:
        if key in _OPTIONS:
            raise _unknown(key)
    try:
        return _adapter(name).validate_python(raw)
    except ValidationError as error:
        raise _refusal(_worst(error.errors(include_url=False)), raw) from error


def _worst(errors: list[ErrorDetails]) -> ErrorDetails:
    # A union reports every branch that failed; the deepest one says what is wrong.
    return max(errors, key=lambda one: (one["type"] == "extra_forbidden", len(one["loc"])))


def _refusal(problem: ErrorDetails, raw: dict[str, Any]) -> StripeRefusal:
    param = _bracketed(problem, raw)
    match problem["type"]:
        case "extra_forbidden":
            return _unknown(param)
        case "missing":
            return StripeRefusal(
                f"Missing required param: {param}.", code="parameter_missing", param=param
            )
        case "int_parsing" | "int_type" | "int_from_float":
            return StripeRefusal(
                f"Invalid integer: {problem['input']}",
                code="parameter_invalid_integer",
                param=param,
            )
        case "bool_parsing":
            return StripeRefusal(f"Invalid boolean: {problem['input']}", param=param)
        case _:
            return StripeRefusal(f"Invalid {param}: {problem['msg']}", param=param)


def _unknown(param: str) -> StripeRefusal:
    return StripeRefusal(
        f"Received unknown parameter: {param}", code="parameter_unknown", param=param
    )


def _bracketed(problem: ErrorDetails, raw: Any) -> str:
    # A location also names the branches of unions; only what exists in the request is part of the path.
    names: list[str] = []
    node = raw
    for position, part in enumerate(problem["loc"]):
        last = position == len(problem["loc"]) - 1
        inside = part in node if isinstance(node, dict) else _is_index(part, node)
        if inside:
            node = node[part]
        elif not (last and problem["type"] == "missing"):
            continue
        names.append(str(part))
    head, *rest = names or ["params"]
    return head + "".join(f"[{part}]" for part in rest)


def _is_index(part: int | str, node: Any) -> bool:
    return isinstance(node, list) and isinstance(part, int) and part < len(node)
