from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from app.core.discover import import_all


def test_every_module_below_a_package_is_imported_in_name_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "discovered_for_a_test"
    (package / "inner").mkdir(parents=True)
    for name in ("__init__.py", "b.py", "a.py", "inner/__init__.py", "inner/c.py"):
        (package / name).write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = import_all(importlib.import_module("discovered_for_a_test"))
    names = [module.__name__.removeprefix("discovered_for_a_test.") for module in found]
    assert names == ["a", "b", "inner", "inner.c"]
    assert all(module.__name__ in sys.modules for module in found)


def test_a_module_that_cannot_be_imported_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "broken_for_a_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "bad.py").write_text("raise RuntimeError('broken')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(RuntimeError, match="broken"):
        import_all(importlib.import_module("broken_for_a_test"))
