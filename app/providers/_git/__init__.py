"""What Git servers share: whose the clients are, calls, refusals, files, names, and lists in pages."""
