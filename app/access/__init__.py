"""The caller, and what the caller may do."""
