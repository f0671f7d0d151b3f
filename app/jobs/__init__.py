"""Durable workflows and schedules."""
