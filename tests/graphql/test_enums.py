from enum import StrEnum

import pytest
import strawberry

from app.access.rules import WITH_THE_OBJECT, attributes
from app.graphql.enums import publish
from app.graphql.execution.schema import Schema


class Light(StrEnum):
    RED = "red"
    GREEN = "green"


def test_a_published_enum_has_names_and_descriptions_of_its_own() -> None:
    publish(Light, name="TrafficLight", description="A light.", members={Light.RED: "Stop.", Light.GREEN: "Go."})

    @strawberry.type(description="Questions.")
    @attributes(WITH_THE_OBJECT)
    class Query:
        light: Light = strawberry.field(description="The light.")

    sdl = Schema(Query).as_str()
    assert '"""A light."""\nenum TrafficLight {\n  """Stop."""\n  RED\n\n  """Go."""\n  GREEN\n}' in sdl


def test_a_member_without_a_description_is_refused() -> None:
    with pytest.raises(ValueError, match="GREEN"):
        publish(Light, name="TrafficLight", description="A light.", members={Light.RED: "Stop."})
