"""Tables of contents of the whole service, and how it is opened."""
