"""Use cases: the only code that reads and writes tables."""
