"""The agent portal: what the human behind an agent sees."""
