"""Text and JSON from strangers, read with bounds."""
