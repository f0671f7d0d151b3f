"""Stand-ins for the outside world as a separate process; imports nothing of the product."""
