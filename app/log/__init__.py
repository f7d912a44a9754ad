"""A team's log: changes that write events, who follows them, and what is no longer kept."""
