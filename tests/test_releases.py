"""A released schema stays good for the clients that were written against it: the rule, and that it is seen to be broken."""

from datetime import date
from pathlib import Path

import pytest
from graphql import build_schema

from tests.releases import breaking_changes, undated_deprecations

WRITTEN = Path(__file__).parent.parent / "schema.graphql"
DAY = date(2027, 3, 31)

RELEASED = """
type Query {
  thing(name: String, size: Size): Thing!
  old: Relic @deprecated(reason: "Use `thing`. Removal on 2027-03-31.")
  undated: Int @deprecated(reason: "Use `thing`.")
}

interface Named { name: String }
type Thing implements Named { name: String  length: Int! }
type Relic { age: Int }
enum Size { SMALL  LARGE  HUGE @deprecated(reason: "Use `LARGE`. Removal on 2027-03-31.") }
input ThingInput { name: String!  note: String }
type Mutation { rename(input: ThingInput!): Thing }
"""

BREAKS = {
    "a field is gone": ("length: Int!", "", "Field Thing.length was removed."),
    "a field is another": ("length: Int!", "length: String!", "Field Thing.length changed type from Int! to String!."),
    "a field may be null": ("length: Int!", "length: Int", "Field Thing.length changed type from Int! to Int."),
    "an argument is gone": ("name: String, ", "", "Argument Query.thing(name:) was removed."),
    "an argument is required": (
        "(name: String,",
        "(name: String!,",
        "Argument Query.thing(name:) has changed type from String to String!.",
    ),
    "a new argument is required": ("(name", "(new: Int!, name", "A required argument Query.thing(new:) was added."),
    "a value is gone": ("SMALL", "", "Enum value Size.SMALL was removed."),
    "a field of an input is gone": ("note: String", "", "Field ThingInput.note was removed."),
    "a field of an input is required": (
        "note: String",
        "note: String!",
        "Field ThingInput.note changed type from String to String!.",
    ),
    "a new field of an input is required": (
        "note: String",
        "note: String  new: Int!",
        "A required field ThingInput.new was added.",
    ),
    "an interface is gone": ("Thing implements Named", "Thing", "Thing no longer implements interface Named."),
    "a mutation is gone": ("rename(input: ThingInput!): Thing", "other: Int", "Field Mutation.rename was removed."),
    "what is deprecated without a day is gone": (
        'undated: Int @deprecated(reason: "Use `thing`.")',
        "",
        "Field Query.undated was removed.",
    ),
}


@pytest.mark.parametrize(("before", "after", "message"), BREAKS.values(), ids=BREAKS.keys())
def test_what_breaks_a_client_is_found(before: str, after: str, message: str) -> None:
    changed = build_schema(RELEASED.replace(before, after, 1))

    assert message in breaking_changes(RELEASED, changed, today=DAY)


def test_a_field_that_goes_from_the_real_schema_is_found() -> None:
    released = WRITTEN.read_text()
    field = '  """Why it does not; null while it is ACTIVE."""\n  statusReason: StatusReason\n'

    changed = build_schema(released.replace(field, ""))

    assert released.count(field) == 2
    assert breaking_changes(released, changed, today=DAY) == [
        "Field InstalledApp.statusReason was removed.",
        "Field Integration.statusReason was removed.",
    ]


def test_what_is_new_breaks_nobody() -> None:
    changed = build_schema(
        RELEASED.replace("name: String, ", "name: String, new: Int, ")
        .replace("SMALL", "SMALL  NEW")
        .replace("age: Int", "age: Int!  new: Int")
        .replace("note: String", "note: String  new: Int! = 1")
    )

    assert breaking_changes(RELEASED, changed, today=DAY) == []


def test_what_is_deprecated_goes_on_its_day_and_not_before_with_what_only_it_led_to() -> None:
    changed = build_schema(
        RELEASED.replace('old: Relic @deprecated(reason: "Use `thing`. Removal on 2027-03-31.")', "")
        .replace("type Relic { age: Int }", "")
        .replace('HUGE @deprecated(reason: "Use `LARGE`. Removal on 2027-03-31.")', "")
    )

    assert breaking_changes(RELEASED, changed, today=date(2027, 3, 30)) == [
        "Relic was removed.",
        "Field Query.old was removed.",
        "Enum value Size.HUGE was removed.",
    ]
    assert breaking_changes(RELEASED, changed, today=DAY) == []


def test_a_deprecation_has_to_name_its_day() -> None:
    assert undated_deprecations(RELEASED) == ['undated: Int @deprecated(reason: "Use `thing`.")']
    assert undated_deprecations("type Query { bare: Int @deprecated }") == ["bare: Int @deprecated"]
