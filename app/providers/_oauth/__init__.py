"""What providers share whose members sign in by OAuth: the operator's client; tokens, scopes and error codes of answers."""
