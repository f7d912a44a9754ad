"""What strangers send: bombs, forged events, poisoned headers, odd sockets and pages of other sites."""
