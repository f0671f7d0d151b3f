"""The sandbox's HTML: one look for all simulated providers."""
