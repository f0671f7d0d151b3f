"""Whatever is sent, the product answers as its OpenAPI document says, and never with a 500."""

from __future__ import annotations

import os
from collections.abc import Generator
from uuid import uuid4

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from schemathesis import checks
from schemathesis.core.failures import FailureGroup

from app import build
from tests.conftest import _has_postgres, admin_execute, postgres_url, require_or_skip
from tests.running import Product, board, product

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "15"))
"""Requests an operation, credential and database."""
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.allow_header_conformance,
]
MOVES_TIME = "POST /v1/sandbox/clock"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Product]:
    """A product with a vendor and a device, and no limit on requests."""
    build.ensure()
    name, url = f"turnpike_test_{uuid4().hex[:12]}", ""
    if request.param == "postgresql":
        require_or_skip(_has_postgres(), "PostgreSQL")
        admin_execute(f"CREATE DATABASE {name}")
        url = postgres_url(name)
    no_limits = {
        f"LIMIT_{name}": ""
        for name in ("VENDOR_TOKEN", "PLATFORM_TOKEN", "API_KEY", "ONBOARD", "ONBOARD_DOMAIN")
    }
    vault = {"VAULT_KEY": "ab" * 32}
    with product(
        tmp_path_factory.mktemp("fuzz"), database_url=url, **no_limits, **vault
    ) as running:
        made = {
            who: running.command("keys", f"{who}-token").strip().splitlines()[-1]
            for who in ("platform", "kernel", "executor")
        }
        agent = httpx.post(
            f"{running.url}/api/onboard/leadscoring",
            json={"agent_id": "fuzz", "email": "agent@example.com"},
        ).json()
        running.facts |= made | {
            "agent": agent["api_key"],
            "vendor": board(running, "fuzz@example.com", "F").token,
        }
        yield running
    if request.param == "postgresql":
        admin_execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("who", ["vendor", "platform", "agent", "kernel", "executor", "stranger"])
def test_every_answer_is_one_that_is_described(shop: Product, who: str) -> None:
    schema = schemathesis.openapi.from_url(f"{shop.url}/api/openapi.json")
    headers = {"Authorization": f"Bearer {shop.facts[who]}"} if who in shop.facts else {}
    failures: list[str] = []
    asked = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.label == MOVES_TIME and who == "platform":
            continue  # a fuzzed clock leaves nothing to compare

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=EXAMPLES < 100,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case: schemathesis.Case) -> None:
            nonlocal asked
            # The UI server's own router takes no address of two lines: a bare 404, before us.
            assume("\n" not in "".join(map(str, (case.path_parameters or {}).values())))
            asked += 1
            case.validate_response(case.call(headers=headers), checks=CHECKS)

        try:
            ask()
        except FailureGroup as error:  # every operation is tried before any is judged
            failures.append(f"{operation.label}: {error}")
    assert not failures, "\n\n".join(failures)
    assert asked > 300
    assert httpx.get(f"{shop.url}/readyz").status_code == 200
    log = shop.server.log.read_text()
    assert "request.failed" not in log, log[log.index("request.failed") :][:3000]
