"""Kills, restarts, duplicates and races against the running product."""
