"""Two teams that have everything, and the proof that neither learns of the other's, or does anything to it."""
