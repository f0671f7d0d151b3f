"""Runs every benchmark in turn: ``make bench``, or ``python -m benchmarks --quick`` for a smoke test."""

from __future__ import annotations

import sys

from benchmarks import events, invoice_pdfs, monthly_run, pages, registrations


def main() -> None:
    """Print every figure with its ratio."""
    quick = "--quick" in sys.argv
    events.main(quick=quick)
    registrations.main(quick=quick)
    monthly_run.main(quick=quick)
    if not quick:
        invoice_pdfs.main()
    pages.main(quick=quick)


if __name__ == "__main__":
    main()
