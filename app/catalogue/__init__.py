"""The catalogue: what can be connected to, and what an integration with it can be."""
