"""Billing knowledge as pure functions: values in, values out."""
