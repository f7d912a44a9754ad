"""What providers share whose members sign in by OAuth: tokens, scopes and error codes read from their answers."""
