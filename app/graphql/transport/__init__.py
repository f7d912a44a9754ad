"""How an operation comes in and its answer goes out: HTTP, WebSocket, server-sent events."""
