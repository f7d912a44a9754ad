"""What providers that answer in JSON over HTTP share: answers read into typed values, or sorted into failures."""
