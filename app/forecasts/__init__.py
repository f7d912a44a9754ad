"""A word before it breaks: what is known to stop, from rows and the clock, and telling it once."""
