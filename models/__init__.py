"""Tables, one aggregate per file."""
