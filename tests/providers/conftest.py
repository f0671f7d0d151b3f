"""The simulated outside world as a process of its own, once for all tests of adapters."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.providers.outside import Outside, open_outside


@pytest.fixture(scope="session")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Generator[Outside]:
    with open_outside(tmp_path_factory.mktemp("outside")) as world:
        yield world
