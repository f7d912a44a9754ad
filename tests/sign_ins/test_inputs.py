from uuid import UUID

import pytest

from app.errors import Refusal
from app.graphql.ids import encode_id
from app.sign_ins.inputs import key_of_sign_in, no_such_sign_in

KEY = UUID("9f8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d")


def test_a_sign_in_is_known_by_its_id() -> None:
    assert key_of_sign_in(encode_id("Authorization", KEY), field=["id"]) == KEY


@pytest.mark.parametrize("text", ["", "nonsense", encode_id("Integration", KEY), encode_id("Authorization", KEY) + "="])
def test_what_is_no_id_of_a_sign_in_is_refused_in_the_words_for_one_that_is_not_there(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        key_of_sign_in(text, field=["using", "authorizationId"])

    expected = no_such_sign_in(field=["using", "authorizationId"])
    assert (refused.value.code, refused.value.message, refused.value.field) == (expected.code, expected.message, expected.field)
