import time
from collections.abc import Callable

import pytest
from hypothesis import given, strategies as st

from app.errors import Refusal, UserErrorCode
from app.teams.names import check_email, check_name
from app.text.characters import describe_unseen
from tests.slowness import slowness


def is_seen(text: str) -> bool:
    return describe_unseen(text) is None


@given(
    name=st.text(alphabet=st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=60).filter(is_seen)
)
def test_a_name_is_kept_without_the_blanks_around_it(name: str) -> None:
    assert check_name(f"  {name} ") == check_name(name)
    assert check_name(check_name(name)) == check_name(name)


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\0b", "two\nlines", "tab\t", "\ud800", "evil\u202eknil", "\x1b[31m"])
def test_what_is_no_name_is_refused_by_its_field(name: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_name(name, field=("adminName",))

    assert (refused.value.code, refused.value.field) == (UserErrorCode.INVALID, ("adminName",))


@pytest.mark.parametrize("text", ["Ad\u200ba", "\u200d", "A\u00adda", "\u3164", "\ufeffAda", "\u2800"])
def test_a_character_that_nobody_sees_is_refused_by_its_name(text: str) -> None:
    (unseen,) = [character for character in text if character not in "Ada"]

    for check, written in ((check_name, text), (check_email, f"{text}@example.com")):
        with pytest.raises(Refusal, match=rf"U\+{ord(unseen):04X} \(.*\), which nobody sees"):
            check(written)


@pytest.mark.parametrize("check", [check_name, check_email])
def test_a_text_of_marks_is_refused_for_its_length_before_it_is_normalised(check: Callable[[str], str]) -> None:
    begun = time.thread_time()
    with pytest.raises(Refusal, match=r"(?:200|254) characters"):
        check("a" + "\u0301\u0316" * 100_000)

    assert time.thread_time() - begun < 0.05 * slowness()


def test_a_name_is_as_long_as_it_is_once_it_is_composed() -> None:
    assert check_name("\u1112\u1161\u11ab" * 200) == "\ud55c" * 200


@pytest.mark.parametrize("name", ["x" * 200, "山田　太郎", "👩\u200d🚀", "O'Brien <b>"])
def test_names_of_people_are_taken(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    ("spelled", "kept"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        ("  ada@example.com ", "ada@example.com"),
        ("admin@localhost", "admin@localhost"),
        ("a+b@x.org", "a+b@x.org"),
        ("Straße@x.org", "straße@x.org"),
    ],
)
def test_an_address_has_one_spelling(spelled: str, kept: str) -> None:
    assert check_email(spelled) == kept


@pytest.mark.parametrize("text", ["", "ada", "@x", "a@", "a@b@c", "a b@c", "a@b c", "a\0@b", "a@b\n.c", "x" * 250 + "@a.bc"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_email(text)

    assert (refused.value.code, refused.value.field) == (UserErrorCode.INVALID, ("email",))
