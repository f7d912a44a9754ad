import pytest
from hypothesis import given, strategies as st

from app.errors import Refusal, UserErrorCode
from app.teams.names import check_email, check_name


@given(name=st.text(alphabet=st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=60))
def test_a_name_is_kept_without_the_blanks_around_it(name: str) -> None:
    assert check_name(f"  {name} ") == check_name(name)
    assert check_name(check_name(name)) == check_name(name)


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\0b", "two\nlines", "tab\t", "\ud800", "evil\u202eknil", "\x1b[31m"])
def test_what_is_no_name_is_refused_by_its_field(name: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_name(name, field=("adminName",))

    assert (refused.value.code, refused.value.field) == (UserErrorCode.INVALID, ("adminName",))


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
        ("STRAẞE@x.org", "strasse@x.org"),
    ],
)
def test_an_address_has_one_spelling(spelled: str, kept: str) -> None:
    assert check_email(spelled) == kept


@pytest.mark.parametrize("text", ["", "ada", "@x", "a@", "a@b@c", "a b@c", "a@b c", "a\0@b", "a@b\n.c", "x" * 250 + "@a.bc"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_email(text)

    assert (refused.value.code, refused.value.field) == (UserErrorCode.INVALID, ("email",))
