"""Webhook: results to an address of the team's own, signed as Standard Webhooks has it."""
