"""What providers share whose members sign in by OAuth: the operator's client, endpoints, tokens, scopes and error codes."""
