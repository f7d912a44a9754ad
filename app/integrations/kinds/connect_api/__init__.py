"""The kind "Connect an API": an API is connected to a repository on a Git server."""
