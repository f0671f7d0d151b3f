"""The simulated outside world as a process of its own, once for all tests of adapters."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from app.sandbox.config import SandboxConfig, StripeConfig
from app.sandbox.launch import RunningSandbox, start, stop


@pytest.fixture(scope="session")
def outside() -> Generator[RunningSandbox]:
    sandbox = start(
        SandboxConfig(port=0, smtp_port=0, stripe=StripeConfig(secret_key="sk_test_tests"))
    )
    yield sandbox
    stop(sandbox)
