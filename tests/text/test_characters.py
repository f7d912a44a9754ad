import unicodedata

import pytest
from hypothesis import given, strategies as st

from app.text.characters import describe_unseen, without_unseen

SEEN = {
    "a plain name": "Ada",
    "a woman at a rocket": "👩\u200d🚀",
    "a family": "👨\u200d👩\u200d👧\u200d👦",
    "a skin": "👩🏽\u200d🚀",
    "a rainbow": "🏳\ufe0f\u200d🌈",
    "a heart on fire": "❤\ufe0f\u200d🔥",
    "a nod": "🙂\u200d↔\ufe0f",
    "a keycap": "1\ufe0f\u20e3",
    "a sign as text": "☎\ufe0e",
    "England": "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "a name of Japan": "葛\U000e0100城",
    "Persian": "\u0646\u0627\u0645\u0647\u200c\u0647\u0627",
    "Sinhala": "ශ්\u200dරී",
    "Mongolian": "ᠠ\u180b",
    "marks": "e\u0301 Z\u0335\u0336",
    "spaces between words": "Team\u00a0A\u3000B",
    "a private character": "\ue000",
    "an emoji to come": "\U0001faff",
}
UNSEEN = {
    "a\u200bb": "U+200B (zero width space)",
    "ad\u200dmin": "U+200D (zero width joiner)",
    "ad\u200cmin": "U+200C (zero width non-joiner)",
    "\u200d": "U+200D (zero width joiner)",
    "👩\u200d": "U+200D (zero width joiner)",
    "👩\u200c🚀": "U+200C (zero width non-joiner)",
    "\u0646\u0627\u0645\u0647\u200c": "U+200C (zero width non-joiner)",
    "\ufeffAda": "U+FEFF (zero width no-break space)",
    "A\u00adda": "U+00AD (soft hyphen)",
    "A\u034fda": "U+034F (combining grapheme joiner)",
    "a\u2060": "U+2060 (word joiner)",
    "a\u2063b": "U+2063 (invisible separator)",
    "evil\u202egnp": "U+202E (right-to-left override)",
    "a\u2066b\u2069": "U+2066 (left-to-right isolate)",
    "a\u200f": "U+200F (right-to-left mark)",
    "a\u061c": "U+061C (arabic letter mark)",
    "\U000e0041": "U+E0041 (tag latin capital letter a)",
    "\U0001f3f4\U000e0067": "U+E0067 (tag latin small letter g)",
    "\ufe0f": "U+FE0F (variation selector-16)",
    "a\ufe0f": "U+FE0F (variation selector-16)",
    "1\ufe0f": "U+FE0F (variation selector-16)",
    "❤\ufe0f\ufe0f": "U+FE0F (variation selector-16)",
    "a\U000e0100": "U+E0100 (variation selector-17)",
    "\u3164": "U+3164 (hangul filler)",
    "\uffa0": "U+FFA0 (halfwidth hangul filler)",
    "\u115f\u1160": "U+115F (hangul choseong filler)",
    "\u17b4": "U+17B4 (khmer vowel inherent aq)",
    "\u180e": "U+180E (mongolian vowel separator)",
    "\u2800": "U+2800 (braille pattern blank)",
    "a\ufff9b": "U+FFF9 (interlinear annotation anchor)",
    "a\U0001d173": "U+1D173 (musical symbol begin beam)",
    "a\0b": "U+0000",
    "two\nlines": "U+000A",
    "a\u2028b": "U+2028 (line separator)",
    "\ud800": "U+D800",
}


@pytest.mark.parametrize("text", SEEN.values(), ids=SEEN)
def test_what_is_seen_is_let_be(text: str) -> None:
    assert (describe_unseen(text), without_unseen(text)) == (None, text)


@pytest.mark.parametrize(("text", "said"), UNSEEN.items(), ids=map(ascii, UNSEEN))
def test_what_nobody_sees_is_named(text: str, said: str) -> None:
    assert describe_unseen(text) == said
    assert describe_unseen(without_unseen(text)) is None


def test_every_character_that_unicode_ignores_is_one_of_them() -> None:
    invisible = [
        character for character in map(chr, range(0x110000)) if unicodedata.category(character) in {"Cf", "Zl", "Zp", "Cc"}
    ]
    # What stands over, under or around figures in Arabic, Syriac, Kaithi and Egyptian writing is seen.
    written = [character for character in invisible if describe_unseen(f"a{character}b") is None]

    assert {unicodedata.name(character).split()[0] for character in written} <= {"ARABIC", "SYRIAC", "KAITHI", "EGYPTIAN"}


@given(
    st.text(
        st.sampled_from([*"aé1葛क❤👩🚀", *"\u200b\u200c\u200d\ufe0f\u20e3\U0001f3f4\U000e0067\U000e007f\u0301\0"]), max_size=12
    )
)
def test_nothing_that_is_seen_is_taken_out(text: str) -> None:
    left = without_unseen(text)

    assert [one for one in left if one in "aé1葛क❤👩🚀"] == [one for one in text if one in "aé1葛क❤👩🚀"]
    assert without_unseen(left) == left
