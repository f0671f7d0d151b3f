"""The command line: what it says when all is well, and what when something is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import Settings

ROOT = Path(__file__).resolve().parent.parent


class Shell:
    """Runs commands against an installation of their own."""

    def __init__(self, folder: Path) -> None:
        self.environment = {**os.environ, "DATA_DIR": str(folder), "DATABASE_URL": ""}

    def run(self, *arguments: str, **changed: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "app", *arguments],
            cwd=ROOT,
            env={**self.environment, **changed},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return Shell(tmp_path_factory.mktemp("empty"))


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    migrated = Shell(tmp_path_factory.mktemp("migrated"))
    assert migrated.run("migrate") == (0, "The database is up to date.\n")
    return migrated


def test_the_first_administrator_comes_from_here(shell: Shell) -> None:
    code, told = shell.run("ops", "create", "ada@example.com")
    assert code == 0
    assert "ada@example.com may sign in as ops_admin." in told
    assert "Password, shown once: " in told
    assert shell.run("ops", "create", "ada@example.com")[0] == 1
    code, told = shell.run("ops", "create", "ada")
    assert (code, "email: must be an e-mail address" in told) == (1, True)
    assert "ada@example.com  ops_admin" in shell.run("ops", "list")[1]


def test_a_platform_token_is_printed_once(shell: Shell) -> None:
    code, told = shell.run("keys", "platform-token")
    assert (code, "plt_" in told) == (0, True)


@pytest.mark.parametrize("which", [["2026-01"], ["--period", "2026-01"]])
def test_a_month_is_billed_by_either_spelling(shell: Shell, which: list[str]) -> None:
    code, told = shell.run("billing", "run", *which, "--no-wait")
    assert (code, "0 tenants begin" in told) == (0, True), told


def test_a_month_must_be_named_and_over(shell: Shell) -> None:
    assert shell.run("billing", "run")[0] == 2
    code, told = shell.run("billing", "run", "2998-01")
    assert (code, told) == (1, "2998-01 is not over.\n")


def test_a_database_that_is_not_there_yet_is_said_in_a_line(empty: Shell) -> None:
    code, told = empty.run("ops", "list")
    assert (code, len(told.splitlines())) == (1, 1), told
    assert "python -m app doctor" in told


def test_the_doctor_says_what_to_do(empty: Shell) -> None:
    code, told = empty.run("doctor")
    assert code == 1
    for advice in ("python -m app migrate", "See database", "SMTP_HOST", "STRIPE_SECRET_KEY"):
        assert advice in told


def test_a_setting_that_makes_no_sense_is_named_in_a_line(empty: Shell) -> None:
    code, told = empty.run("doctor", LIMIT_SIGN_IN="ten a minute")
    assert (code, len(told.splitlines())) == (2, 1), told
    assert told.startswith("LIMIT_SIGN_IN: ")


def test_a_file_of_actions_that_is_not_valid_is_named_before_anything_is_served(
    empty: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "actions.toml"
    file.write_text('[[actions]]\nname = "domain.crm.ping"\n')
    code, told = empty.run("serve", ACTIONS_FILE=str(file))
    assert (code, len(told.splitlines())) == (2, 1), told
    assert told.startswith(f"ACTIONS_FILE {file} is not valid: actions.0.scope: ")
    assert told.strip() in empty.run("doctor", ACTIONS_FILE=str(file))[1]
    assert "ACTIONS_FILE" in empty.run("serve", ACTIONS_FILE=str(tmp_path / "none.toml"))[1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "x"),
        ("PORT", "0"),
        ("PUBLIC_URL", "billing.example.com"),
        ("PUBLIC_URL", "https://example.com/billing"),
        ("LIMIT_MAIL", "0/hour"),
        ("LOG_LEVEL", "loud"),
        ("WEB_WORKERS", "4"),
        ("TRUSTED_PROXIES", "proxy"),
        ("DATABASE_URL", "mysql://x"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match=name):
        Settings.model_validate({"REDIS_URL": "", "DATABASE_URL": "", name: value})


@pytest.mark.parametrize("rule", ["", "5/hour", "10/15 minutes", "100/second;200"])
def test_a_limit_is_a_rate_with_or_without_a_burst_or_nothing(rule: str) -> None:
    assert Settings.model_validate({"LIMIT_MAIL": rule}).limit_mail == rule


def test_a_sandbox_takes_no_live_key(empty: Shell) -> None:
    code, told = empty.run("doctor", TURNPIKE_MODE="sandbox", STRIPE_SECRET_KEY="sk_live_x")
    assert (code, "must be a test key in sandbox mode" in told) == (2, True), told
