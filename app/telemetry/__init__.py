"""What an operator sees of the service from outside: counts and durations, and on demand traces. Neither names anybody."""
