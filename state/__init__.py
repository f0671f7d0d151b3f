"""State classes: one per page, each handler through the one door to the services."""
