import pytest
from hypothesis import given, strategies as st

from app.repositories.paths import directory_of, is_within, normalise

paths = st.text(alphabet=st.sampled_from("ab./ ü"), max_size=20)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", ""),
        (".", ""),
        ("a", "a"),
        ("a/b.yaml", "a/b.yaml"),
        ("./a//b/", "a/b"),
        ("a/./b", "a/b"),
        ("..a/b..", "..a/b.."),
        ("fix/ümläut #1", "fix/ümläut #1"),
        ("/a", None),
        ("..", None),
        ("a/../b", None),
        ("a\0b", None),
        ("a\nb", None),
        ("a\ud800", None),
        ("a" * 1025, None),
    ],
)
def test_a_path_has_one_spelling(path: str, expected: str | None) -> None:
    assert normalise(path) == expected


@given(paths)
def test_a_normalised_path_stays_itself_and_within_the_repository(path: str) -> None:
    once = normalise(path)

    if once is not None:
        assert normalise(once) == once
        assert ".." not in once.split("/")
        assert is_within(once, "")
        assert is_within(once, directory_of(once))


@pytest.mark.parametrize(
    ("path", "directory", "expected"),
    [("a", "a", True), ("a/b", "a", True), ("ab", "a", False), ("a", "a/b", False), ("a", "", True)],
)
def test_what_lies_within_what(path: str, directory: str, expected: bool) -> None:
    assert is_within(path, directory) is expected
