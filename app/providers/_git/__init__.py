"""What Git servers share: whose the clients are, files, names, and lists in pages."""
