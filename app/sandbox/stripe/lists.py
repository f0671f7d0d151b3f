"""Lists, searches and expansion: what every Stripe resource does the same way."""

import re
from typing import Any

from app.sandbox.store import Document, Store
from app.sandbox.stripe.call import Call
from app.sandbox.stripe.errors import StripeRefusal, missing_resource

_TERM = re.compile(
    r"""\s*(?:metadata\[(?P<mq>["'])(?P<meta>.+?)(?P=mq)\]|(?P<field>\w+))\s*:\s*(?P<vq>["'])(?P<value>.*?)(?P=vq)\s*"""
)
_DEFAULT_PAGE = 10
_RANGE = {
    "gt": lambda value, limit: value > limit,
    "gte": lambda value, limit: value >= limit,
    "lt": lambda value, limit: value < limit,
    "lte": lambda value, limit: value <= limit,
}


def list_of(url: str, data: list[Document], *, has_more: bool = False) -> Document:
    """Return a list object."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def page(call: Call, url: str, newest_first: list[Document], filters: tuple[str, ...]) -> Document:
    """Return one page of a list, filtered by equal fields and by `created`."""
    params = call.take(*filters, "limit", "starting_after", "ending_before", "created")
    rows = [
        row
        for row in newest_first
        if all(row.get(name) == params[name] for name in filters if name in params)
        and _in_range(row.get("created", 0), params.get("created"))
    ]
    limit = params.get("limit", _DEFAULT_PAGE)
    if not 1 <= limit <= 100:
        raise StripeRefusal("Invalid integer: limit must be between 1 and 100", param="limit")
    if "starting_after" in params:
        rows = rows[_position(rows, params["starting_after"], "starting_after") + 1 :]
    if "ending_before" in params:
        rows = rows[: _position(rows, params["ending_before"], "ending_before")]
        return list_of(url, rows[-limit:], has_more=len(rows) > limit)
    return list_of(url, rows[:limit], has_more=len(rows) > limit)


def _position(rows: list[Document], key: str, param: str) -> int:
    for position, row in enumerate(rows):
        if row["id"] == key:
            return position
    raise missing_resource("object", key, param)


def _in_range(created: int, wanted: Any) -> bool:
    if wanted is None:
        return True
    if isinstance(wanted, dict):
        return all(_RANGE[name](created, limit) for name, limit in wanted.items())
    return created == wanted


def search(call: Call, url: str, newest_first: list[Document]) -> Document:
    """Return what matches a query of equal fields joined by AND; the real search lags by up to a minute."""
    params = call.take("query", "limit", "page")
    terms: list[tuple[str, str, str]] = []
    for part in re.split(r"\s+AND\s+", params["query"]):
        match = _TERM.fullmatch(part)
        if match is None:
            raise StripeRefusal(
                f"The sandbox understands `field:'value'` and `metadata['key']:'value'` joined by AND, not: {part}",
                param="query",
            )
        terms.append((match["meta"] or "", match["field"] or "", match["value"]))
    found = [
        row
        for row in newest_first
        if all(
            (row["metadata"].get(meta) if meta else row.get(field)) == value
            for meta, field, value in terms
        )
    ]
    limit = params.get("limit", _DEFAULT_PAGE)
    start = int(params.get("page", "0"))
    more = len(found) > start + limit
    return {
        "object": "search_result",
        "data": found[start : start + limit],
        "has_more": more,
        "next_page": str(start + limit) if more else None,
        "url": url,
    }


# What an id in a field stands for.
_KIND_BY_PREFIX = {
    "cus": "customer",
    "pm": "payment_method",
    "pi": "payment_intent",
    "seti": "setup_intent",
    "ch": "charge",
    "in": "invoice",
    "re": "refund",
    "acct": "account",
    "tr": "transfer",
    "cs": "checkout.session",
}


def expanded(store: Store, document: Document, paths: list[str]) -> Document:
    """Return a copy with the named fields replaced by the objects they point to."""
    for path in paths:
        document = _expand(store, document, path.split("."), path)
    return document


def _expand(store: Store, node: Any, parts: list[str], path: str) -> Any:
    if not parts:
        return node
    if isinstance(node, list):
        return [_expand(store, item, parts, path) for item in node]
    if node is None:
        return None
    head, *rest = parts
    value = included(store, node, head)
    if value is None and head not in node:
        raise StripeRefusal(f"This property cannot be expanded ({path}).", param="expand")
    value = node[head] if value is None else value
    if isinstance(value, str):
        kind = _KIND_BY_PREFIX.get(value.split("_")[0])
        target = store.get(kind, value) if kind else None
        if target is None:
            raise StripeRefusal(f"This property cannot be expanded ({path}).", param="expand")
        value = target
    return {**node, head: _expand(store, value, rest, path)}


def included(store: Store, node: Document, name: str) -> Document | None:
    """Return a list that an object shows only when asked."""
    match node.get("object"), name:
        case "invoice", "payments":
            rows = store.where("invoice_payment", invoice=node["id"])
            return list_of(f"/v1/invoice_payments?invoice={node['id']}", rows)
        case "checkout.session", "line_items":
            lines = store.get("checkout_lines", node["id"]) or {"data": []}
            return list_of(f"/v1/checkout/sessions/{node['id']}/line_items", lines["data"])
        case "charge", "refunds":
            rows = store.where("refund", charge=node["id"])
            return list_of(f"/v1/charges/{node['id']}/refunds", rows[::-1])
        case _:
            return None
