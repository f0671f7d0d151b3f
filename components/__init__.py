"""Widgets and the row types they show; they know only Reflex."""
