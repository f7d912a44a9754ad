import json

import pytest
from hypothesis import given, strategies as st

from app.graphql.ids import encode_key
from app.repositories.references import RepositoryRef, decode_repository

parts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(parts, parts)
def test_an_id_names_one_repository(base_url: str, repository_id: str) -> None:
    ref = RepositoryRef("gitlab-self-managed", base_url, repository_id)

    assert decode_repository(ref.id) == ref


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        json.dumps(["gitlab-self-managed", "https://git.example.com"]),
        json.dumps(["gitlab-self-managed", "https://git.example.com", 7]),
        json.dumps(["gitlab-self-managed", "https://git.example.com", ""]),
        json.dumps(["bitbucket", "https://git.example.com", "7"]),
        '["gitlab-self-managed","https://git.example.com","7"]',  # spelled in another way
        "[" * 1000,
    ],
)
def test_other_texts_name_none(text: str) -> None:
    assert decode_repository(encode_key("Repository", text)) is None
    assert decode_repository(encode_key("Channel", text)) is None
    assert decode_repository(text) is None
