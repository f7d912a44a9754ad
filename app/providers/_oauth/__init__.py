"""What providers with a sign-in by OAuth share: the operator's client, endpoints, tokens, scopes and error codes."""
