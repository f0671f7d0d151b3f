"""Rows as CSV that a spreadsheet shows and never runs."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from app.core.clock import to_rfc3339
from app.core.money import Money

Cell = str | int | Money | UUID | dt.datetime | Mapping[str, object] | None

_RUNS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a text may begin with so that a spreadsheet takes it for a formula."""


def lines(rows: Iterable[Sequence[Cell]]) -> str:
    """Return rows as CSV lines: instants as RFC 3339, amounts as decimals, facts as JSON.

    A text that a spreadsheet would run begins with an apostrophe.
    """
    buffer = io.StringIO()
    csv.writer(buffer).writerows([_said(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def _said(cell: Cell) -> str | int:
    if cell is None:
        return ""
    if isinstance(cell, dt.datetime):
        return to_rfc3339(cell)
    if isinstance(cell, Money):
        return cell.text()
    if isinstance(cell, int):
        return cell
    text = str(cell)
    if isinstance(cell, Mapping):
        text = json.dumps(cell, ensure_ascii=False, sort_keys=True)
    return f"'{text}" if text.startswith(_RUNS) else text
