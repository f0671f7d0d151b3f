"""The demo: a running product with a simulated outside world and a little history, from one command."""
