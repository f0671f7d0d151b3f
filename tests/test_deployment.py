"""What the deployment guide hands out is there, fits together and names nothing that is gone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main

from app import build
from app.cli import cli
from app.metrics import REGISTRY
from app.providers.registry import SETTINGS
from app.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
COMMANDS = set(typer.main.get_command(cli).commands)  # type: ignore[attr-defined]
KNOWN = {
    str(field.validation_alias)
    for kind in (Settings, *SETTINGS)
    for field in kind.model_fields.values()
}


def _commands(text: str) -> set[str]:
    return set(re.findall(r"-m app ([a-z]+)", text))


@pytest.mark.parametrize(
    "name", ["turnpike.service", "turnpike-executor.service", "Containerfile", "deployment.md"]
)
def test_every_command_in_it_exists(name: str) -> None:
    used = _commands((DOCS / name).read_text())
    assert used
    assert used <= COMMANDS


def test_the_image_holds_everything_the_program_needs() -> None:
    lines = re.findall(
        r"^COPY --chown=turnpike (.+) \S+$", (DOCS / "Containerfile").read_text(), re.M
    )
    copied = {path for line in lines for path in line.split()}
    assert [path for path in copied if not (ROOT / path).exists()] == []
    needed = {path.split("/")[0] for path in build.SOURCES}
    assert (
        needed | {"alembic", "alembic.ini", "models", "requirements.lock", "reflex.lock"} <= copied
    )


def test_the_unit_writes_only_where_the_data_lies() -> None:
    unit = (DOCS / "turnpike.service").read_text()
    folder = re.search(r"^WorkingDirectory=(.+)$", unit, re.M)
    assert folder
    assert f"ReadWritePaths={folder[1]}/{Settings.model_fields['data_dir'].default}\n" in unit


def test_the_executors_unit_sees_nothing_of_the_products() -> None:
    unit = (DOCS / "turnpike-executor.service").read_text()
    hidden = re.search(r"^InaccessiblePaths=(.+)$", unit, re.M)
    program = re.search(r"^Environment=PYTHONPATH=(.+)$", unit, re.M)
    assert hidden
    assert program
    data = Settings.model_fields["data_dir"].default
    assert hidden[1].split() == [f"-{program[1]}/.env", f"-{program[1]}/{data}"]
    # A folder without the product's .env, which the settings would read.
    assert f"WorkingDirectory={program[1]}" not in unit
    assert set(re.findall(r"^Environment=([A-Z_]+)=", unit, re.M)) <= KNOWN | {"PYTHONPATH"}


def test_the_example_environment_names_real_settings() -> None:
    names = re.findall(r"^([A-Z_]+)=", (DOCS / "production.env").read_text(), re.M)
    assert names
    assert [name for name in names if name not in KNOWN] == []


def test_every_documented_setting_exists() -> None:
    text = (DOCS / "operations.md").read_text().partition("## Metrics")[0]
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    names = [name for cell in cells for name in re.findall("`([A-Z_]+)`", cell)]
    assert set(names) == KNOWN


def test_every_metric_is_documented_and_every_documented_one_exists() -> None:
    text = (DOCS / "operations.md").read_text()
    made = {
        metric.name + ("_total" if metric.type == "counter" else "")
        for metric in REGISTRY.collect()
    }
    assert set(re.findall(r"`(turnpike_[a-z_]+)(?:\{[a-z,]*\})?`", text)) == made
