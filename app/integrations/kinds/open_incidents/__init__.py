"""The kind "Open incidents": an incident is open at the provider while a monitor fails."""
