"""State of the operations screens."""
