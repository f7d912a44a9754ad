"""Reading and executing an operation."""
