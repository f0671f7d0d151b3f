"""The demo's first start: it takes no port, no folder and no setting that is somebody else's."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from app.core.errors import ConflictError
from app.demo import launch, seed
from app.demo.world import World, make
from app.runtime import Runtime
from app.services.context import SYSTEM
from tests.factories import make_person, make_vendor
from tests.running import free_port


def _world(folder: Path) -> World:
    return make(folder, "http://localhost:3999", "http://localhost:4999", 2599)


def _run(folder: Path, port: int) -> int:
    return launch.run(
        folder, f"http://localhost:{port}", f"http://localhost:{free_port()}", free_port()
    )


def test_a_port_that_is_taken_is_named_and_nothing_begins(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SystemExit, match=f"Port {port} is taken.* --port {port + 1}"):
            _run(tmp_path / "demo", port)
    assert not (tmp_path / "demo").exists()


def test_an_installation_that_is_no_demo_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "turnpike.db").write_bytes(b"precious")
    with pytest.raises(SystemExit, match="no demo"):
        _run(tmp_path, free_port())
    assert [path.name for path in tmp_path.iterdir()] == ["turnpike.db"]


def test_a_first_start_that_was_cut_off_begins_anew(tmp_path: Path) -> None:
    _world(tmp_path)
    for name in ("turnpike.db", "turnpike.db-wal", "workflows.db", "sandbox-state.json"):
        (tmp_path / name).touch()
    launch._begin_anew(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"demo-secrets.json", "demo-keys"}


def test_a_demo_that_is_whole_is_kept(tmp_path: Path) -> None:
    _world(tmp_path)
    for name in ("turnpike.db", "demo.json"):
        (tmp_path / name).touch()
    launch._begin_anew(tmp_path)
    assert (tmp_path / "turnpike.db").exists()


async def test_a_database_with_accounts_gets_no_history(run: Runtime) -> None:
    async with run.context(SYSTEM) as ctx:
        await make_person(ctx, await make_vendor(ctx))
    with pytest.raises(ConflictError):
        await seed.turn_back(run)


def test_no_real_provider_is_reached_whatever_the_caller_has_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = ("STRIPE_SECRET_KEY", "RESEND_API_KEY", "SMTP_HOST", "TURNPIKE_MODE")
    apart = ("EXECUTOR_URL", "EXECUTOR_TOKEN", "VAULT_KEY_FILE", "VAULT_KEY", "ALIPAY_PRIVATE_KEY")
    for name in (*own, *apart):
        monkeypatch.setenv(name, "theirs")
    monkeypatch.setenv("DATABASE_URL", "postgresql://here/demo")
    made = _world(tmp_path).environment()
    assert "theirs" not in made.values()
    assert (made["RESEND_API_KEY"], made["TURNPIKE_MODE"]) == ("", "sandbox")
    assert made["DATABASE_URL"] == "postgresql://here/demo"


def test_only_the_owner_reads_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    _world(folder)
    assert folder.stat().st_mode & 0o077 == 0
