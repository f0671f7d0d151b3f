"""Lets `python -m app.sandbox` start the simulated world."""

from app.sandbox.main import run

run()
