"""What Git servers share: files, names, and lists in pages."""
