"""Monitors and the runs that were reported of them."""
