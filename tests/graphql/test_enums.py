from enum import StrEnum

import pytest
import strawberry

from app.access.rules import PUBLIC_ATTRIBUTE, attributes
from app.graphql.enums import register_enum
from app.graphql.execution.schema import Schema


class Light(StrEnum):
    RED = "red"
    GREEN = "green"


def test_a_published_enum_has_names_and_descriptions_of_its_own() -> None:
    register_enum(Light, name="TrafficLight", description="A light.", members={Light.RED: "Stop.", Light.GREEN: "Go."})

    @strawberry.type(description="Questions.")
    @attributes(PUBLIC_ATTRIBUTE)
    class Query:
        light: Light = strawberry.field(description="The light.")

    sdl = Schema(Query).as_str()
    assert '"""A light."""\nenum TrafficLight {\n  """Stop."""\n  RED\n\n  """Go."""\n  GREEN\n}' in sdl


def test_a_member_without_a_description_is_refused() -> None:
    with pytest.raises(ValueError, match="GREEN"):
        register_enum(Light, name="TrafficLight", description="A light.", members={Light.RED: "Stop."})
