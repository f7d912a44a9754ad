"""What providers that take messages share: what is said of a run and of the log, in words without any markup."""
