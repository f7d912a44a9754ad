"""Whom a message of Slack's can call: all who are in the channel, those of them who are there now, or a user group.

Source: Slack's "Formatting text for app surfaces", its section on mentioning groups: `<!here>`, `<!channel>`, `<!subteam^ID>`.
Neither needs a scope. The list of user groups would need `usergroups:read`, which installations of before do not have, so that a
group is named by the id that Slack shows of it.
"""

import re

_EVERYONE = {"here": "@here", "channel": "@channel"}
_USER_GROUP = re.compile(r"S[A-Z0-9]{7,20}")


def name_mention(word: str) -> str | None:
    """Return what people call those whom the word is for: here, channel, or the id of a user group. None for any other."""
    if _USER_GROUP.fullmatch(word):
        return f"the user group {word}"
    return _EVERYONE.get(word)


def write_mention(word: str | None) -> str:
    """Return the word as it stands in a text; nothing for what is no word."""
    if word is None or name_mention(word) is None:
        return ""
    return f"<!{word}> " if word in _EVERYONE else f"<!subteam^{word}> "
