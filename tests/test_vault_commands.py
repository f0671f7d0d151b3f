"""The vault's commands: secrets come in by stdin, go nowhere, and need the vault's own key."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from typer.testing import CliRunner

from app import migrations, runtime
from app.commands import doctor, keys, vault
from app.commands.doctor import Finding
from tests.providers.outside import make_keys

ROOT = Path(__file__).resolve().parent.parent
SECRET = "sk_test_kept_from_everybody"
GROUPS = {"vault": vault.cli, "keys": keys.cli}
OWN = ("STRIPE_", "ALIPAY_", "VAULT_", "EXECUTOR_", "DATABASE_URL", "TURNPIKE_MODE")


class Shell:
    """Runs commands against an installation of their own, whose vault's key is a file."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.key, self.patch = folder, folder / "vault.key", patch
        for name in [name for name in os.environ if name.startswith(OWN)]:
            patch.delenv(name)
        patch.setenv("DATA_DIR", str(folder))
        patch.setenv("VAULT_KEY_FILE", str(self.key))
        command.upgrade(migrations.config(f"sqlite+aiosqlite:///{folder / 'turnpike.db'}"), "head")

    def run(self, group: str, *arguments: str, said: str = "", **changed: str) -> tuple[int, str]:
        """Run a command in this process, as if it were one of its own."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in changed.items():
                patch.setenv(name, value)
            runtime.use(None)
            done = CliRunner().invoke(GROUPS[group], arguments, input=said)
            runtime.use(None)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.output

    def diagnose(self, **changed: str) -> Finding:
        """Return what the doctor says of the vault."""

        async def examine() -> Finding:
            process = runtime.build()
            try:
                return await doctor._vault(process)
            finally:
                await process.close()

        with pytest.MonkeyPatch.context() as patch:
            for name, value in changed.items():
                patch.setenv(name, value)
            return asyncio.run(examine())


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, monkeypatch)


def test_a_secret_goes_in_and_never_comes_out(shell: Shell) -> None:
    code, told = shell.run("vault", "put", "stripe", "secret_key", said=f"{SECRET}\n")
    assert (code, told) == (0, "stripe secret_key is in the vault, version 1.\n")
    assert stat.S_IMODE(shell.key.stat().st_mode) == 0o600
    code, told = shell.run("vault", "list")
    assert (code, "stripe" in told, SECRET in told) == (0, True, False)
    for file in shell.folder.rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes(), file
    code, told = shell.run("vault", "remove", "stripe", "secret_key")
    assert (code, told) == (0, "stripe secret_key is gone.\n")
    assert shell.run("vault", "remove", "stripe", "secret_key")[0] == 1


def test_a_rotation_keeps_both_keys_until_somebody_removes_the_old_one(shell: Shell) -> None:
    shell.run("vault", "put", "stripe", "secret_key", said=SECRET)
    (old,) = shell.key.read_text().split()
    code, told = shell.run("vault", "rotate-master")
    assert (code, "1 secrets are sealed under the newest key." in told) == (0, True)
    new, kept = shell.key.read_text().split()
    assert (kept, new != old) == (old, True)
    assert stat.S_IMODE(shell.key.stat().st_mode) == 0o600
    shell.key.write_text(new)
    assert shell.diagnose() == Finding("vault", "opens, and holds 1 secrets")
    shell.key.write_text(old)
    assert "which is not here" in shell.diagnose().found


def test_the_key_may_come_from_the_environment_or_from_a_command(shell: Shell) -> None:
    shell.run("vault", "put", "stripe", "secret_key", said=SECRET)
    key = shell.key.read_text().strip()
    ways = {"VAULT_KEY": key}, {"VAULT_KEY_COMMAND": f"cat {shell.key}"}
    for way in ways:
        assert "holds 1 secrets" in shell.diagnose(VAULT_KEY_FILE="", **way).found
    for bad in (
        {"VAULT_KEY": "short"},
        {"VAULT_KEY_COMMAND": "false"},
        {"VAULT_KEY_COMMAND": "/no"},
    ):
        code, told = shell.run(
            "vault", "put", "stripe", "secret_key", said="x", VAULT_KEY_FILE="", **bad
        )
        assert (code, told.startswith("The vault's master key cannot be read")) == (1, True), told


def test_what_the_environment_holds_is_moved_and_what_to_unset_is_said(
    shell: Shell, tmp_path: Path
) -> None:
    pem = make_keys(tmp_path).merchant_private
    held = {"STRIPE_SECRET_KEY": SECRET, "ALIPAY_PRIVATE_KEY_FILE": str(pem)}
    code, told = shell.run("vault", "import-env", **held)
    assert (code, SECRET in told) == (0, False)
    assert "Moved: stripe secret_key, alipay private_key." in told
    assert "Now unset ALIPAY_PRIVATE_KEY_FILE, STRIPE_SECRET_KEY." in told
    assert "Everything was in the vault already." in shell.run("vault", "import-env", **held)[1]
    wanted = (
        "Run python -m app vault import-env, then unset ALIPAY_PRIVATE_KEY_FILE, STRIPE_SECRET_KEY."
    )
    assert shell.diagnose(**held).advice == wanted
    assert shell.diagnose(**held, TURNPIKE_MODE="sandbox").advice == ""
    other = held | {"STRIPE_SECRET_KEY": "sk_test_other"}
    assert "already" in shell.run("vault", "import-env", **other)[1]
    assert "Moved: stripe secret_key." in shell.run("vault", "import-env", "--replace", **other)[1]
    assert "no provider's secret" in shell.run("vault", "import-env")[1]


@pytest.mark.parametrize(
    "name", [("stripe", "key"), ("nobody", "secret_key"), ("executor", "pepper")]
)
def test_a_name_that_nobody_asks_for_is_refused(shell: Shell, name: tuple[str, str]) -> None:
    code, told = shell.run("vault", "put", *name, said=SECRET)
    assert (code, "Known are: stripe secret_key" in told) == (2, True)


def test_without_a_key_there_is_no_vault(shell: Shell) -> None:
    for words in (("put", "stripe", "secret_key"), ("rotate-master",), ("import-env",)):
        code, told = shell.run("vault", *words, said=SECRET, VAULT_KEY_FILE="")
        assert (code, told) == (2, "Set VAULT_KEY_FILE, VAULT_KEY or VAULT_KEY_COMMAND first.\n")
    assert shell.run("keys", "executor-token", VAULT_KEY_FILE="")[0] == 2


def test_an_executors_key_is_printed_once_and_ended(shell: Shell) -> None:
    code, told = shell.run("keys", "executor-token", "--label", "web")
    assert (code, told.startswith("exe_")) == (0, True)
    listed = shell.run("keys", "executor-tokens")[1]
    assert (told.strip() in listed, told[:10] in listed) == (False, True)
    assert shell.run("keys", "revoke-executor-token", told[:10]) == (0, "1 ended.\n")
    assert shell.run("keys", "revoke-executor-token", told[:10])[0] == 1
    assert shell.run("keys", "executor-token", "--tenant", "x")[0] == 2


def test_a_process_with_an_executor_holds_neither_key_nor_secret(tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}
    remote = {
        "DATA_DIR": str(tmp_path),
        "EXECUTOR_URL": "http://127.0.0.1:1",
        "EXECUTOR_TOKEN": "x",
    }

    def start(name: str, **more: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "app", name],
            cwd=ROOT,
            env=clean | remote | more,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    for name in ("worker", "serve"):
        code, told = start(name, STRIPE_SECRET_KEY=SECRET)
        assert (code, "unset STRIPE_SECRET_KEY" in told, SECRET in told) == (2, True, False), told
    code, told = start("worker", VAULT_KEY="ab" * 32)
    assert (code, "the executor alone holds the vault's key" in told) == (2, True), told
    assert "ab" * 32 not in told
    code, told = start("worker", EXECUTOR_TOKEN="")
    assert (code, "needs EXECUTOR_TOKEN" in told) == (2, True), told
