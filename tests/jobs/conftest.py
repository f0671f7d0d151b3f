"""A worker over a database of the test's own, with workflows in a file or schema of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from app.jobs.worker import Worker
from app.runtime import Runtime


@pytest.fixture
async def worker(own_run: Runtime, tmp_path: Path) -> AsyncGenerator[Worker]:
    """A launched worker that looks only when the test says ``settle``."""
    one = Worker(
        worker_id="test",
        queue_url=f"sqlite:///{tmp_path / 'workflows.db'}",
        open_context=own_run.as_system,
        mailer=own_run.mailer,
        refresh_clock=own_run.refresh_clock,
        now=own_run.clock.now,
        parallel=4,
    )
    one.engine.launch()
    yield one
    await one.stop()
