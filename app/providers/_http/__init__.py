"""What providers share who answer in JSON over HTTP: answers read into typed values, or sorted into failures."""
