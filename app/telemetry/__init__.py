"""Telemetry for the operator: counts and durations, and on demand traces. Neither names anybody."""
