"""Kills, restarts, duplicates, races and bad input against the running product."""
