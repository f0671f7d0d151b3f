"""Journeys in Chromium against the built product and the simulated outside world."""
