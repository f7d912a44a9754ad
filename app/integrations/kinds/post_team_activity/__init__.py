"""The kind "Post team activity": what happens in the team's log is posted to a channel."""
