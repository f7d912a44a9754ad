"""What HTTP brings and takes: bodies, cookies, pages, addresses, the access log."""
