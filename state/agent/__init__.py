"""State of the agent portal."""
