"""What Git servers share: whose the clients are, calls, files, names, and lists in pages."""
