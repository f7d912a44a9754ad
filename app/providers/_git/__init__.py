"""What Git servers share: accounts, whose the clients are, calls, refusals, places, files, names, and lists in pages."""
