"""Limits on the size and the cost of an operation."""
