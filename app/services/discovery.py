"""What an agent that has never heard of this installation needs to know, in words and as data."""

from __future__ import annotations

from typing import Any

from app.rules.quota import FREE_CALLS, PRICE, WARN_FROM
from app.services.actions import ACTIONS
from app.services.agents import PRODUCTS
from app.services.context import Context

EXAMPLE = {"agent_id": "my-agent", "email": "owner@example.com"}


def document(ctx: Context) -> dict[str, Any]:
    """Return how to onboard, what can be called and what it costs."""
    site = ctx.site_url
    return {
        "name": ctx.settings.seller_name,
        "products": list(PRODUCTS),
        "onboarding": {
            "method": "POST",
            "url": f"{site}/api/onboard/{PRODUCTS[0]}",
            "body": EXAMPLE,
        },
        "gateway": {
            "method": "POST",
            "url": f"{site}/api/manage",
            "header": "X-API-Key",
            "body": {"action": "meta.actions"},
        },
        "mcp": {"transport": "streamable-http", "url": f"{site}/mcp", "header": "X-API-Key"},
        "usage_url": f"{site}/api/usage",
        "upgrade_url": f"{site}/api/upgrade/checkout",
        "openapi_url": f"{site}/api/openapi.json",
        "documentation_url": f"{site}/api/docs",
        "llms_url": f"{site}/llms.txt",
        "free_calls_a_month": FREE_CALLS,
        "price": {"per_call": PRICE.text(), "currency": PRICE.currency, "billing": "monthly"},
        "actions": [
            {
                "name": one.definition.name,
                "description": one.definition.description,
                "billable": one.definition.is_billable,
            }
            for _, one in sorted(ACTIONS.items())
        ],
    }


def text(ctx: Context) -> str:
    """Return the same as Markdown, in the manner of ``llms.txt``."""
    site, name = ctx.site_url, ctx.settings.seller_name
    actions = "\n".join(
        f"- `{one.definition.name}`{'' if one.definition.is_billable else ' (free)'}: "
        f"{one.definition.description.splitlines()[0]}"
        for _, one in sorted(ACTIONS.items())
    )
    return f"""# {name}

> An API that software agents use by themselves: onboard with one request, {FREE_CALLS} free calls a month, then {PRICE.text()} {PRICE.currency} a call.

## Onboard

    curl -X POST {site}/api/onboard/{PRODUCTS[0]} \\
      -H 'Content-Type: application/json' \\
      -d '{{"agent_id": "my-agent", "email": "owner@example.com"}}'

The answer holds `api_key`, shown once, and an example request that works as it stands. An address has its free calls once: a known one gets
a mail, and no key.

## Call

    curl -X POST {site}/api/manage \\
      -H "X-API-Key: $API_KEY" -H 'Content-Type: application/json' \\
      -d '{{"action": "meta.actions"}}'

Send `params`, an `idempotency_key` so that a retry does nothing twice, or `dry_run` to be told what would happen. A refusal is
`{{"ok": false, "code", "error"}}`. From {WARN_FROM} calls on, answers carry a `warning`; after {FREE_CALLS} the code is `UPGRADE_REQUIRED` with an
`upgrade_url` for whoever pays.

## Or by MCP

`{site}/mcp` speaks the Model Context Protocol (streamable HTTP, stateless): the tool `onboard` needs no key, `usage`, `upgrade` and every
action below take it as the same header.

## Actions

{actions}

## More

- [Usage]({site}/api/usage): what is left of the month
- [API reference]({site}/api/docs), [OpenAPI]({site}/api/openapi.json)
- [The same as data]({site}/.well-known/agent-onboarding.json)
"""
