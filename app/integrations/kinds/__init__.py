"""What an integration can do: a folder for each kind, and the table of them."""
