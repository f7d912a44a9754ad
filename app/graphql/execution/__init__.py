"""How an operation is read and executed."""
