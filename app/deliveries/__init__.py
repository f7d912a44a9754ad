"""Deliveries: what a run made, its attempts, and when it is quiet."""
