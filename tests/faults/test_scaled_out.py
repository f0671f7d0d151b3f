"""The product and its executor as processes of their own: everything works, and the web can open nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import create_engine, text

from app import build
from app.core.keyring import Keyring
from app.core.sealing import MasterKeys, Sealed
from app.demo.world import make
from tests.conftest import _has_postgres, admin_execute, postgres_url
from tests.e2e import steps
from tests.running import ROOT, Line, Process, Product, await_ok, board, free_port, product

EMAIL = "apart@acme.example.com"
UNSET = ("STRIPE_SECRET_KEY", "ALIPAY_PRIVATE_KEY_FILE")
PURPOSES = ("token", "totp", "mail secrets", "stored answer", "vault", "")


@dataclass
class Apart:
    """A product whose provider secrets are in another process."""

    web: Product
    executor: Process
    environment: dict[str, str]
    url: str
    database_url: str
    secrets: dict[str, str]

    def command(self, *arguments: str, said: str = "") -> str:
        """Run a command where the vault's key is."""
        done = subprocess.run(
            [sys.executable, "-m", "app", *arguments],
            cwd=ROOT,
            env=self.environment,
            input=said,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def start(self) -> None:
        self.executor.start()
        await_ok(f"{self.url}/readyz", self.executor)

    def rows(self, query: str) -> list[Any]:
        engine = create_engine(self.database_url.replace("+aiosqlite", ""))
        with engine.connect() as connection:
            found = list(connection.execute(text(query)))
        engine.dispose()
        return found

    def ask(self, action: str, url: str = "") -> httpx.Response:
        """Have an action done by the executor, or by whoever listens elsewhere."""
        token = self.web.environment["EXECUTOR_TOKEN"]
        return httpx.post(
            f"{url or self.url}/functions/v1/execute",
            json={"integration": action.partition(".")[0], "action": action},
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )

    def charged(self) -> int:
        """Return what the simulated Stripe took from the one customer."""
        totals = httpx.get(f"{self.web.world.sandbox_url}/_control/stripe/totals").json()
        (customer,) = totals["customers"].values()
        return int(customer["charged"])


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Generator[Apart]:
    """On PostgreSQL where there is one, as several processes are run; SQLite takes them as well."""
    build.ensure()
    folder = tmp_path_factory.mktemp("apart")
    name = f"turnpike_test_{uuid4().hex[:12]}"
    url = f"sqlite+aiosqlite:///{folder / 'apart.db'}"
    has_postgres = _has_postgres()
    if has_postgres:
        admin_execute(f"CREATE DATABASE {name}")
        url = postgres_url(name)
    # The secrets of the simulated world, as its product would have them in its environment.
    world = make(folder / "web", "http://localhost:1", "http://localhost:2", 3)
    key = (world.keys / "product.pem").read_text()
    secrets = {"stripe secret_key": world.secrets["stripe_key"], "alipay private_key": key}
    port = free_port()
    environment = {
        **{one: value for one, value in os.environ.items() if one not in UNSET},
        "TURNPIKE_MODE": "sandbox",
        "DATA_DIR": str(folder / "executor"),
        "DATABASE_URL": url,
        "VAULT_KEY_FILE": str(folder / "executor" / "vault.key"),
        "EXECUTOR_PORT": str(port),
    }
    process = Process(["-m", "app", "executor"], environment, folder / "executor.log")
    ours = Apart(None, process, environment, f"http://127.0.0.1:{port}", url, secrets)  # type: ignore[arg-type]
    ours.command("migrate")
    for which, value in secrets.items():
        ours.command("vault", "put", *which.split(), said=value)
    token = ours.command("keys", "executor-token").splitlines()[-1]
    unset = dict.fromkeys(UNSET, "")
    remote = {"EXECUTOR_URL": ours.url, "EXECUTOR_TOKEN": token}
    try:
        with product(folder / "web", database_url=url, **unset, **remote) as running:
            running.facts["platform"] = running.command("keys", "platform-token").split()[-1]
            told = running.world.environment()
            environment |= {
                one: value
                for one, value in told.items()
                if one.startswith(("STRIPE_", "ALIPAY_", "SANDBOX_")) and one not in UNSET
            }
            ours.web = running
            ours.start()
            yield ours
    finally:
        process.stop()
        if has_postgres:
            admin_execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def boarded(apart: Apart) -> Line:
    """A vendor whose card was bound through the executor."""
    return board(apart.web, EMAIL, "A", with_payouts=True)


def test_a_card_is_bound_and_a_month_is_charged_through_the_executor(
    apart: Apart, boarded: Line
) -> None:
    bill_a_month(apart, boarded, "e1")
    assert apart.charged() == 250
    ours = {
        "start_setup",
        "create_customer",
        "open_invoice",
        "charge_invoice",
        "start_payout_onboarding",
    }
    rows = apart.rows(
        "SELECT kind, actor_kind, tenant_id, body FROM audit_event"
        " WHERE kind IN ('vault.opened', 'executor.called')"
    )
    told = " ".join(str(row.body) for row in rows)
    assert [one for one in ours if one not in told] == []
    assert {row.actor_kind for row in rows} == {"service_key"}
    assert all(row.tenant_id for row in rows), "whose it was is known of every call"


def test_an_executor_that_is_down_loses_no_money_and_takes_none_twice(
    apart: Apart, boarded: Line
) -> None:
    before = apart.charged()
    apart.executor.kill()
    send_activity(apart, boarded, "e2")
    steps.move_clock(apart.web, steps.next_month(apart.web))
    assert apart.charged() == before
    apart.start()
    settle(apart, lambda: apart.charged() == before + 250)
    time.sleep(2)
    assert apart.charged() == before + 250
    assert "every entry sums to zero" in apart.web.command("doctor")


def test_secrets_and_master_key_are_replaced_while_everything_runs(
    apart: Apart, boarded: Line
) -> None:
    (old,) = Path(apart.environment["VAULT_KEY_FILE"]).read_text().split()
    apart.command("vault", "rotate-master")
    new, _ = Path(apart.environment["VAULT_KEY_FILE"]).read_text().split()
    assert new != old
    before = apart.charged()
    bill_a_month(apart, boarded, "e3")
    assert apart.charged() == before + 250
    apart.command("vault", "put", "stripe", "secret_key", said="sk_test_not_ours")
    refused = apart.ask("stripe.check")
    assert (refused.status_code, refused.json()["upstream"]["http_status"]) == (503, 401)
    apart.command("vault", "put", "stripe", "secret_key", said=apart.secrets["stripe secret_key"])
    assert apart.ask("stripe.check").json()["ok"] is True


def test_a_web_process_cannot_read_a_secret(apart: Apart, boarded: Line) -> None:
    """Neither in its environment nor in its memory nor in its files, nor with all that it has."""
    steps.await_mail(apart.web, EMAIL, "onfirm")  # it has served: whatever it loads is loaded
    hidden = [apart.secrets["stripe secret_key"].encode(), middle_of(apart.secrets)]
    keys = Path(apart.environment["VAULT_KEY_FILE"]).read_text().split()
    hidden += [key.encode() for key in keys] + [bytes.fromhex(key) for key in keys]
    found: dict[str, list[str]] = {}
    for who, process in (("web", apart.web.server), ("executor", apart.executor)):
        found[who] = [where for pid in family(process) for where in places(pid, hidden)]
    assert found["web"] == []
    assert found["executor"], "the search finds them where they are"
    for file in (apart.web.world.folder).rglob("*"):
        top = file.relative_to(apart.web.world.folder).parts[0]
        is_the_worlds = top.startswith(("demo-", "sandbox"))  # the simulated world's own
        if file.is_file() and not is_the_worlds:
            data = file.read_bytes()
            assert not [one for one in hidden if one in data], file


def test_the_vaults_rows_open_with_nothing_that_a_web_process_has(apart: Apart) -> None:
    rows = apart.rows("SELECT provider, name, version, key_id, sealed FROM vault_secret")
    assert {row.name for row in rows} == {"secret_key", "private_key", "pepper"}
    folder = apart.web.world.folder / "keys"
    held = [bytes.fromhex(file.read_text()) for file in folder.glob("*.key")]
    assert len(held) == 1
    environment = apart.web.environment
    for row in rows:
        sealed, place = bytes(row.sealed), (row.provider, row.name, str(row.version))
        for master in held:
            for purpose in PURPOSES:
                with pytest.raises(ValueError, match="not sealed"):
                    Keyring(master).unseal(sealed, purpose=purpose)
            with pytest.raises(ValueError, match="."):  # noqa: RUF043
                MasterKeys([master]).open(Sealed(MasterKeys([master]).newest, sealed), *place)
        ours = MasterKeys.read(Path(apart.environment["VAULT_KEY_FILE"]).read_text())
        assert ours.open(Sealed(row.key_id, sealed), *place)
    assert not any(value for name, value in environment.items() if name.startswith("VAULT_"))
    assert apart.ask("stripe.check", apart.web.url).status_code == 404
    assert apart.ask("stripe.check").json()["ok"] is True
    for address in ("/", "/login", "/api/manage", "/v1/events", "/v1/webhook/stripe", "/api/docs"):
        assert httpx.post(f"{apart.url}{address}").status_code == 404, address


def test_nothing_of_it_is_in_a_log(apart: Apart) -> None:
    for log in (apart.web.server.log, apart.executor.log):
        told = log.read_text()
        for secret in (*apart.secrets.values(), apart.web.environment["EXECUTOR_TOKEN"]):
            assert secret not in told


def send_activity(apart: Apart, line: Line, name: str) -> None:
    steps.send_event(apart.web, name, "authority.memory_read", actor_omni=line.actors[0])


def bill_a_month(apart: Apart, line: Line, name: str) -> None:
    send_activity(apart, line, name)
    before = apart.charged() if apart.rows("SELECT 1 FROM invoice") else 0
    steps.move_clock(apart.web, steps.next_month(apart.web))
    settle(apart, lambda: apart.charged() == before + 250)


def settle(apart: Apart, is_done: Callable[[], bool]) -> None:
    """Let product time pass until something is done that retries of their own do."""
    for _ in range(16):
        if is_done():
            return
        httpx.post(
            f"{apart.web.url}/v1/sandbox/clock",
            json={"advance": "PT3H"},
            headers={"Authorization": f"Bearer {apart.web.facts['platform']}"},
            timeout=120,
        ).raise_for_status()
        time.sleep(1)
    assert is_done(), apart.rows("SELECT name, status, attempts, error FROM outbox_item")


def middle_of(secrets: dict[str, str]) -> bytes:
    """Return a line of the RSA key, which no parser rewrites on the way."""
    return secrets["alipay private_key"].splitlines()[3].encode()


def family(process: Process) -> list[int]:
    """Return a process and all its descendants."""
    assert process.popen is not None
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(folder.name))
    found, waiting = [], [process.popen.pid]
    while waiting:
        found.append(waiting.pop())
        waiting += parents.get(found[-1], [])
    return found


def places(pid: int, hidden: list[bytes]) -> list[str]:
    """Return where in a process's environment and memory one of these can be read."""
    found = []
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    found += [f"{pid} environment" for one in hidden if one in environment]
    regions = re.findall(r"^(\w+)-(\w+) rw", Path(f"/proc/{pid}/maps").read_text(), re.M)
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for begin, end in regions:
            try:
                memory.seek(int(begin, 16))
                data = memory.read(int(end, 16) - int(begin, 16))
            except (OSError, OverflowError, ValueError):
                continue
            found += [f"{pid} at {begin}" for one in hidden if one in data]
    return found
