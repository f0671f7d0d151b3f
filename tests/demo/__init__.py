"""Tests of what gives the demo its history."""
