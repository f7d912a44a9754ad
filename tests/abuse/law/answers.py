"""What a provider answers: Slack's list of channels, as a Slack that means harm would write it."""

from collections.abc import Sequence

from app.outbound.door import MAX_BYTES
from tests.abuse.law.inputs import Exchange, Input, Make, Sender, ask, fill, table

_LARGEST = MAX_BYTES - 1024
_CHANNELS = '{"ok": true, "channels": ['
_QUERY = '{{ installedApp(id: "{}") {{ channels(first: 100{}) {{ nodes {{ id }} }} }} }}'


def _answer(part: str, *, before: str = "", after: str = "", search: str = "") -> Make:
    def make(size: int, sender: Sender) -> Exchange:
        exchange = ask(_QUERY.format(sender.installed_app, search), sender)
        return Exchange(exchange.opening, provider=fill(part, size, before=before, after=after).encode("utf-8", "surrogatepass"))

    return make


_CHANNEL = '{"id": "C1", "name": "a", "is_channel": true, "is_private": false, "is_archived": false},'

ANSWERS: Sequence[Input] = table(
    "provider answers",
    _LARGEST,
    {
        "no JSON": _answer("x"),
        "spaces": _answer(" ", after="{}"),
        "a text of escaped quotes": _answer('\\"', before='"', after='"'),
        "a text that does not end": _answer('\\"', before='"'),
        "a text of backslashes that does not end": _answer("\\\\", before='"'),
        "a text of escapes": _answer("\\u0301", before='"', after='"'),
        "opening brackets": _answer("["),
        "opening braces": _answer('{"a":'),
        "empty lists": _answer("[],", before="[", after="1]"),
        "empty objects": _answer("{},", before="[", after="1]"),
        "lists in lists": _answer("[" * 30 + "]" * 30 + ",", before="[", after="1]"),
        "numbers": _answer("1,", before="[", after="1]"),
        "long numbers": _answer("9" * 4000 + ",", before="[", after="1]"),
        "one number": _answer("9"),
        "one fraction": _answer("9", before="1."),
        "texts": _answer('"a",', before="[", after='"a"]'),
        "one name again and again": _answer('"ok": true,', before="{", after='"ok": true}'),
        "an error of marks": _answer("\u0301", before='{"ok": false, "error": "a', after='"}'),
        "an error of commas": _answer(",", before='{"ok": false, "error": "internal_error", "needed": "', after='"}'),
        "channels": _answer(_CHANNEL, before=_CHANNELS, after=_CHANNEL[:-1] + "]}"),
        "channels that are none": _answer("{},", before=_CHANNELS, after="{}]}"),
        "channels that are numbers": _answer("1,", before=_CHANNELS, after="1]}"),
        "one channel with a name of marks": _answer(
            "\u0301", before=_CHANNELS + _CHANNEL[:-2].replace('"a"', '"') + ", ", after='"}]}', search=', search: "a"'
        ),
        "a cursor": _answer("a", before='{"ok": true, "channels": [], "response_metadata": {"next_cursor": "', after='"}}'),
        "what nobody asked for": _answer('"a", ', before='{"ok": true, "channels": [], "b": [', after='"b"]}'),
    },
    signed_in=(True,),
)
