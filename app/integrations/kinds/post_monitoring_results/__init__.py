"""The kind "Post monitoring results": a monitor's runs are posted to a channel."""
