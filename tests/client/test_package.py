"""The package stays light, and its README tells the truth."""

from __future__ import annotations

import ast
import re
import shlex
import sys
import tomllib
from pathlib import Path

import pytest

import turnpike_client
from tests.client import signing
from tests.client.fake import ID, TOKEN, FakeApi
from turnpike_client import agent_cli
from turnpike_client.cli import main

SOURCE = Path(turnpike_client.__file__).parent
PROJECT = SOURCE.parents[1]
README = (PROJECT / "README.md").read_text()


def test_it_needs_only_httpx_and_cryptography() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    needs = {re.split(r"[<>=]", line)[0] for line in project["dependencies"]}
    assert needs == {"httpx", "cryptography"}
    imported = set()
    for file in SOURCE.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            imported |= {name.split(".")[0] for name in names}
    assert imported - sys.stdlib_module_names == {*needs, "turnpike_client"}


def test_it_is_typed() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    assert project["tool"]["setuptools"]["package-data"]["turnpike_client"] == ["py.typed"]
    assert (SOURCE / "py.typed").is_file()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("block", blocks("python"))
def test_the_python_examples_of_the_readme_run(
    api: FakeApi, block: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TURNPIKE_TOKEN", TOKEN)
    monkeypatch.setenv("TURNPIKE_PLATFORM_TOKEN", "plt_token")
    code = block.replace("https://turnpike.example.com", api.url)
    exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})
    assert api.seen


@pytest.mark.parametrize(
    "line",
    [line for line in "".join(blocks("sh")).splitlines() if line.startswith("turnpike-vendor")],
)
def test_the_command_lines_of_the_readme_run(
    api: FakeApi, line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("receipt.jws").write_text(api.signer.receipt(iss=api.url))
    monkeypatch.setenv("TURNPIKE_URL", api.url)
    monkeypatch.setenv("TURNPIKE_TOKEN", TOKEN)
    monkeypatch.setenv("TURNPIKE_VENDOR_ID", signing.VENDOR)
    words = shlex.split(
        line.replace("$DEVICE_ID", ID).replace("$INVOICE_ID", ID).replace("$TOKEN_ID", ID)
    )
    assert main(words[1:]) == 0


@pytest.mark.parametrize(
    "line",
    [line for line in "".join(blocks("sh")).splitlines() if line.startswith("turnpike-agent")],
)
def test_the_agents_command_lines_of_the_readme_run(
    api: FakeApi, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TURNPIKE_URL", api.url)
    monkeypatch.setenv("TURNPIKE_API_KEY", TOKEN)
    words = shlex.split(line.replace("$TENANT_ID", ID).replace("$KEY_ID", ID))
    assert agent_cli.main(words[1:]) == 0
