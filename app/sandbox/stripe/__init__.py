"""A stateful double of the part of Stripe that the product uses."""
