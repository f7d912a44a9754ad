"""Teams, their members, and who is asking: access tokens and browser sessions."""
