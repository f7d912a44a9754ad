"""Characters that nobody sees: two names that differ by one alone look the same, and one of nothing else looks like none.

Some have a use, and are let be where they have it: joiners between letters that join and between the parts of an emoji, variation
selectors behind what has variants, tags in a flag. Sources: Unicode 15, chapter 23 and DerivedCoreProperties.txt
(Default_Ignorable_Code_Point); UTS 51 for emoji; RFC 5892, appendix A, for joiners in words.
"""

import re
import unicodedata
from collections.abc import Iterator

_NEVER_SEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0"
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_UNFIT = frozenset({"Cc", "Cs", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")
_ZERO_WIDTH_JOINER = "\u200d"
_VARIATION = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_KEYCAP = "\u20e3"
_FLAG = re.compile("(?<=\U0001f3f4)[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f")
# Arabic and its kin, the scripts of India and of those that came from there, Mongolian, Adlam: letters that take other shapes.
_JOINING = re.compile(
    "[\u0600-\u109f\u1700-\u18af\u1900-\u1cff\ua800-\uabff\ufb50-\ufdff\ufe70-\ufefc\U00010a00-\U00011fff\U0001e900-\U0001e95f]"
)
_PICTURE = re.compile("[\u00a9\u00ae\u203c\u2049\u2100-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001fbff]")
_ENDS_PICTURE = frozenset("\ufe0f\U000e007f")


def describe_unseen(text: str) -> str | None:
    """Return which character of the text is the first that nobody sees, or nothing stores, for a person; None for none."""
    first = next(_unseen(text), None)
    if first is None:
        return None
    character = text[first]
    name = unicodedata.name(character, "").lower()
    return f"U+{ord(character):04X}{f' ({name})' if name else ''}"


def without_unseen(text: str) -> str:
    """Return the text without the characters that nobody sees."""
    gone = frozenset(_unseen(text))
    return "".join(character for index, character in enumerate(text) if index not in gone) if gone else text


def _unseen(text: str) -> Iterator[int]:
    tags = {index for flag in _FLAG.finditer(text) for index in range(*flag.span())}
    before = ""
    for index, character in enumerate(text):
        if character in _JOINERS:
            is_seen = _is_joined(character, before, text[index + 1 : index + 2])
        elif _VARIATION.match(character):
            is_seen = _has_variants(before, text[index + 1 : index + 2])
        elif _NEVER_SEEN.match(character):
            is_seen = index in tags
        else:
            is_seen = unicodedata.category(character) not in _UNFIT
        # Nothing counts as joined to what is not there.
        before = character if is_seen else ""
        if not is_seen:
            yield index


def _is_joined(joiner: str, before: str, after: str) -> bool:
    if _joins(before) and _joins(after):
        return True
    is_picture = before in _ENDS_PICTURE or _PICTURE.match(before) is not None
    return joiner == _ZERO_WIDTH_JOINER and is_picture and _PICTURE.match(after) is not None


def _joins(character: str) -> bool:
    return _JOINING.match(character) is not None and not _NEVER_SEEN.match(character) and not _VARIATION.match(character)


def _has_variants(before: str, after: str) -> bool:
    if before == "":
        return False
    if before.isascii():
        return after == _KEYCAP and (before.isdigit() or before in "#*")
    # Ideographs have them (people's names in Japan do), letters of Mongolian, and pictures.
    return unicodedata.category(before) == "Lo" or _PICTURE.match(before) is not None
