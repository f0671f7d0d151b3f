"""What is done to the exported front end before it is packed."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.build import NOWHERE
from app.finishing import put_scripts_second, release_address


def test_a_built_page_talks_to_the_address_it_came_from(tmp_path: Path) -> None:
    script = tmp_path / "assets" / "env.js"
    script.parent.mkdir()
    socket = NOWHERE.replace("http", "ws", 1)
    script.write_text(f"var e={{PING:`{NOWHERE}/ping`,EVENT:`{socket}/_event`}}")
    release_address(tmp_path)
    assert script.read_text() == (
        "var e={PING:location.origin+`/ping`,EVENT:location.origin.replace(/^http/,`ws`)+`/_event`}"
    )


def test_a_build_that_names_its_server_otherwise_is_no_build(tmp_path: Path) -> None:
    (tmp_path / "env.js").write_text("var e={}")
    with pytest.raises(RuntimeError, match="Reflex changed"):
        release_address(tmp_path)


def test_scripts_come_after_what_the_first_paint_needs(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text('<link rel="modulepreload" href="/a.js"/><link rel="preload" href="/b.woff2"/>')
    put_scripts_second(tmp_path)
    assert page.read_text() == (
        '<link rel="modulepreload" fetchPriority="low" href="/a.js"/>'
        '<link rel="preload" href="/b.woff2"/>'
    )
