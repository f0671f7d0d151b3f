"""State of the vendor portal."""
