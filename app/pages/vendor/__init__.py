"""Pages of the vendor portal."""
