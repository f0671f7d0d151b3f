"""The command line, run in this process and, where the process matters, in another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import turnpike_client
from tests.client import signing
from tests.client.fake import DEVICE, ID, PDF, TOKEN, FakeApi, Reply, refusal
from turnpike_client.cli import main


@pytest.fixture(autouse=True)
def environment(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURNPIKE_URL", api.url)
    monkeypatch.setenv("TURNPIKE_TOKEN", TOKEN)
    monkeypatch.delenv("TURNPIKE_VENDOR_ID", raising=False)


def test_register_prints_the_actor_and_the_receipt(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["register", "SN-0001", signing.USER]) == 0
    printed = capsys.readouterr().out
    assert f"actor_omni: {signing.ACTOR}\n" in printed
    assert "created: true\n" in printed
    assert main(["register", "SN-0001", signing.USER, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["device"]["id"] == ID


@pytest.mark.parametrize(
    ("line", "method", "path"),
    [
        (["rekey", ID], "POST", f"/v1/vendor/devices/{ID}/rekey"),
        (["release", ID], "POST", f"/v1/vendor/devices/{ID}/release"),
        (["usage", "2026-11"], "GET", "/v1/vendor/usage"),
        (["usage"], "GET", "/v1/vendor/usage"),
        (["invoices"], "GET", "/v1/vendor/invoices"),
        (["invoices", ID], "GET", f"/v1/vendor/invoices/{ID}"),
        (["tokens", "create", "--label", "shop"], "POST", "/v1/vendor/tokens"),
        (
            ["tokens", "rotate", ID, "--overlap-hours", "1"],
            "POST",
            f"/v1/vendor/tokens/{ID}/rotate",
        ),
        (["tokens", "revoke", ID], "DELETE", f"/v1/vendor/tokens/{ID}"),
    ],
)
def test_each_command_makes_its_call(
    api: FakeApi, capsys: pytest.CaptureFixture[str], line: list[str], method: str, path: str
) -> None:
    assert main([*line, "--json"]) == 0
    assert [(seen.method, seen.path) for seen in api.seen] == [(method, path)]
    printed = capsys.readouterr().out
    assert printed == "" if method == "DELETE" else json.loads(printed)
    assert main(line) == 0


def test_lists_are_tables(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices", "--status", "active", "--q", "SN"]) == 0
    assert capsys.readouterr().out == f"{ID}\tSN-0001\t0\t-\t-\n"
    assert api.seen[0].query == {"limit": "200", "status": "active", "q": "SN"}
    assert main(["invoices"]) == 0
    assert capsys.readouterr().out == f"{ID}\tTP-1\topen\t12.50 USD\n"


def test_a_new_token_is_printed_this_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tokens", "create"]) == 0
    assert "token: vnd_a-new-secret" in capsys.readouterr().out


def test_a_key_of_ones_own_makes_a_command_repeatable(api: FakeApi) -> None:
    for _ in range(2):
        assert main(["rekey", ID, "--idempotency-key", "job-7"]) == 0
    assert [seen.headers["idempotency-key"] for seen in api.seen] == ["job-7", "job-7"]


def test_a_document_goes_to_a_file_or_to_standard_output(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    target = tmp_path / "invoice.pdf"
    assert main(["pdf", ID, "-o", str(target)]) == 0
    assert target.read_bytes() == PDF
    assert main(["pdf", ID]) == 0
    assert capfdbinary.readouterr().out == PDF


@pytest.mark.parametrize(
    ("status", "code"),
    [(422, 3), (401, 4), (403, 4), (402, 5), (404, 6), (409, 7), (429, 8), (503, 8), (418, 1)],
)
def test_each_kind_of_failure_has_its_exit_code(
    api: FakeApi, capsys: pytest.CaptureFixture[str], status: int, code: int
) -> None:
    api.replies = [refusal(status, "some_reason", f"Not {TOKEN}.")]
    assert main(["usage", "2026-11", "--retries", "0"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("turnpike-vendor: Not ***. (some_reason")


def test_input_that_is_wrong_before_sending_is_invalid_input(api: FakeApi) -> None:
    assert main(["devices"]) == 0
    assert main(["rekey", "SN-0001"]) == 3
    assert len(api.seen) == 1


@pytest.mark.parametrize("missing", ["TURNPIKE_URL", "TURNPIKE_TOKEN"])
def test_without_address_or_token_the_usage_is_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    monkeypatch.delenv(missing)
    assert main(["devices"]) == 2
    assert "set TURNPIKE_URL and TURNPIKE_TOKEN" in capsys.readouterr().err


def test_plain_http_elsewhere_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["devices", "--url", "http://turnpike.example.com"]) == 2
    assert "use https" in capsys.readouterr().err


def test_the_token_may_come_from_a_file_but_not_from_the_command_line(
    api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TURNPIKE_TOKEN")
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    assert main(["devices", "--token-file", str(file)]) == 0
    assert api.seen[0].headers["authorization"] == f"Bearer {TOKEN}"
    with pytest.raises(SystemExit) as refused:
        main(["devices", "--token", TOKEN])
    assert refused.value.code == 2
    assert main(["devices", "--token-file", str(tmp_path / "absent")]) == 2


def test_a_receipt_verifies_with_keys_from_a_file_and_nothing_is_sent(
    api: FakeApi,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("TURNPIKE_TOKEN")
    monkeypatch.delenv("TURNPIKE_URL")
    jwks, receipt = tmp_path / "jwks.json", tmp_path / "receipt"
    jwks.write_text(json.dumps(api.signer.jwks))
    receipt.write_text(api.signer.receipt() + "\n")
    line = ["verify-receipt", str(receipt), "--jwks", str(jwks), "--issuer", signing.ISSUER]
    assert main([*line, "--vendor-id", signing.VENDOR, "--device-id", "SN-0001"]) == 0
    assert f"valid: actor {signing.ACTOR}, generation 0" in capsys.readouterr().out
    assert main([*line, "--vendor-id", signing.VENDOR, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["binding"]["actor_omni"] == signing.ACTOR
    assert main([*line, "--vendor-id", signing.VENDOR, "--device-id", "SN-2"]) == 9
    assert "another device" in capsys.readouterr().err
    assert main(line) == 2
    jwks.write_text("no JSON")
    assert main([*line, "--vendor-id", signing.VENDOR]) == 2
    assert api.seen == []


def test_a_receipt_verifies_with_keys_from_the_server_without_the_token(
    api: FakeApi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TURNPIKE_TOKEN")
    monkeypatch.setenv("TURNPIKE_URL", api.url + "/")
    monkeypatch.setenv("TURNPIKE_VENDOR_ID", signing.VENDOR)
    receipt = tmp_path / "receipt"
    receipt.write_text(api.signer.receipt(iss=api.url))
    assert main(["verify-receipt", str(receipt)]) == 0
    assert [seen.path for seen in api.seen] == ["/.well-known/jwks.json"]


def run(api: FakeApi, *line: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    source = str(Path(turnpike_client.__file__).parents[1])
    environ = {**os.environ, "PYTHONPATH": source, "TURNPIKE_URL": api.url, "TURNPIKE_TOKEN": TOKEN}
    code = "import sys; from turnpike_client.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", code, *line],
        env=environ,
        check=False,
        stderr=subprocess.PIPE,
        **options,
    )


def test_a_receipt_may_come_through_a_pipe(api: FakeApi) -> None:
    receipt = api.signer.receipt(iss=api.url).encode()
    line = ["verify-receipt", "-", "--vendor-id", signing.VENDOR]
    done = run(api, *line, input=receipt, stdout=subprocess.PIPE)
    assert done.stdout.startswith(b"valid: actor")
    assert done.returncode == 0


def test_a_reader_that_has_seen_enough_is_no_failure(api: FakeApi) -> None:
    api.replies = [Reply(200, {"data": [DEVICE] * 200, "next_cursor": "more"})]
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = run(api, "devices", stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
