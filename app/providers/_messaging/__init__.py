"""What providers share that messages are posted to: what is said of a run, in words without any markup."""
