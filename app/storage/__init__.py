"""The database: the one way to write, its two engines, what is an outage of it, and how it is brought to this version."""
