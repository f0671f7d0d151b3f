"""Runs every benchmark in turn: ``make bench``, or ``python -m benchmarks --quick`` for a look."""

from __future__ import annotations

import sys

from benchmarks import (
    agent_usage,
    events,
    gateway,
    invoice_pdfs,
    monthly_run,
    pages,
    registrations,
    start,
)

ALL = (events, registrations, gateway, monthly_run, agent_usage, invoice_pdfs, start, pages)


def main() -> None:
    """Print every figure with its ratio."""
    for one in ALL:
        one.main(quick="--quick" in sys.argv)


if __name__ == "__main__":
    main()
