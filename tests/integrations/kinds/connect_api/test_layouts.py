import pytest
from hypothesis import given, strategies as st

from app.errors import Refusal
from app.integrations.kinds.connect_api.layouts import BRANCH_FIELD, DIRECTORY_FIELD, SCHEMA_FIELD, Layout, check_layout, live_key
from app.repositories.paths import directory_of, is_within
from app.repositories.references import RepositoryRef

names = st.sampled_from(["a", "b", "api", "spec.yaml"])
paths = st.lists(names, min_size=1, max_size=4).map("/".join)


@given(paths, paths)
def test_what_is_accepted_keeps_the_directories_apart(file: str, directory: str) -> None:
    try:
        layout = check_layout("main", file, directory)
    except Refusal:
        home = directory_of(file)
        assert is_within(directory, file) or (home and (is_within(directory, home) or is_within(home, directory)))
        return

    home = directory_of(file)
    assert layout == Layout("main", file, directory)
    assert not is_within(directory, file)
    assert not home or not (is_within(directory, home) or is_within(home, directory))


@given(paths)
def test_a_file_at_the_root_leaves_every_other_directory(directory: str) -> None:
    assert check_layout("main", "openapi.yaml", directory).collection_directory == directory


@pytest.mark.parametrize(
    ("branch", "file", "directory", "field"),
    [
        ("ma\u200bin", "a/b.yaml", "c", BRANCH_FIELD),
        ("\ufeffmain", None, "c", BRANCH_FIELD),
        ("main", "a\u00ad/b.yaml", "c", SCHEMA_FIELD),
        ("main", "a/b.yaml", "c\u202e", DIRECTORY_FIELD),
        ("main", None, "\u3164", DIRECTORY_FIELD),
    ],
)
def test_a_branch_or_path_that_looks_like_another_is_refused(
    branch: str, file: str | None, directory: str, field: tuple[str, ...]
) -> None:
    with pytest.raises(Refusal, match="which nobody sees") as refused:
        check_layout(branch, file, directory)

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("where", "layout"),
    [
        (("github-enterprise-server", "https://a", "acme/x"), ("main", "a.yaml")),
        (("gitlab-self-managed", "https://b", "acme/x"), ("main", "a.yaml")),
        (("gitlab-self-managed", "https://a", "acme/y"), ("main", "a.yaml")),
        (("gitlab-self-managed", "https://a", "acme/x"), ("dev", "a.yaml")),
        (("gitlab-self-managed", "https://a", "acme/x"), ("main", "b.yaml")),
        (("gitlab-self-managed", "https://a", "acme/x"), ("main", None)),
        (("gitlab-self-managed", "https://a", "acme/xmain"), ("", "a.yaml")),
    ],
)
def test_another_server_repository_branch_or_file_is_another_key(
    where: tuple[str, str, str], layout: tuple[str, str | None]
) -> None:
    key = live_key(RepositoryRef("gitlab-self-managed", "https://a", "acme/x"), Layout("main", "a.yaml", "c"))

    assert live_key(RepositoryRef(*where), Layout(*layout, "c")) != key
    assert len(key) == 64


def test_the_collection_directory_is_no_part_of_the_key() -> None:
    where = RepositoryRef("gitlab-self-managed", "https://a", "acme/x")

    assert live_key(where, Layout("main", None, "c")) == live_key(where, Layout("main", None, "d"))
