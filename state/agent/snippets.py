"""Calls that work when pasted: for the shell, for Python, and for a client of the Model Context Protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def body(action: str, params: Mapping[str, Any], *, dry_run: bool = False) -> dict[str, Any]:
    """Return the body of a call, without what says nothing."""
    made: dict[str, Any] = {"action": action}
    if params:
        made["params"] = dict(params)
    if dry_run:
        made["dry_run"] = True
    return made


def curl_snippet(site_url: str, key: str, action: str, params: Mapping[str, Any]) -> str:
    """Return a call for the shell; without a key it reads the environment."""
    shown = key or "$API_KEY"
    sent = json.dumps(body(action, params), ensure_ascii=False).replace("'", "'\\''")
    return (
        f"curl -X POST {site_url}/api/manage \\\n"
        f'  -H "X-API-Key: {shown}" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        f"  -d '{sent}'"
    )


def python_snippet(site_url: str, action: str, params: Mapping[str, Any]) -> str:
    """Return a call with httpx; the key comes from the environment."""
    sent = body(action, params)
    return (
        "import os\n\nimport httpx\n\n"
        "answer = httpx.post(\n"
        f'    "{site_url}/api/manage",\n'
        '    headers={"X-API-Key": os.environ["API_KEY"]},\n'
        f"    json={sent!r},\n"
        ")\n"
        "print(answer.status_code, answer.json())"
    )


def mcp_snippet(site_url: str) -> str:
    """Return what a client of the Model Context Protocol is configured with."""
    server = {"url": f"{site_url}/mcp", "headers": {"X-API-Key": "YOUR_API_KEY"}}
    return json.dumps({"mcpServers": {"turnpike": server}}, indent=2)
