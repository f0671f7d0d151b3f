"""Packs of actions: every file here registers its own."""
