"""Routes of the web UI."""
