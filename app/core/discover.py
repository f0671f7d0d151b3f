"""Lets pages, endpoints, jobs and providers register themselves by existing as a file."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType


def import_all(package: ModuleType) -> list[ModuleType]:
    """Import every module below a package, in name order, and return them."""
    found = sorted(
        info.name for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    )
    return [importlib.import_module(name) for name in found]
