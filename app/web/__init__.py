"""HTTP: bodies, cookies, pages, addresses, the access log."""
