from typing import Any, cast

import pytest
import strawberry
from strawberry.tools import create_type

from app.access.callers import Role, Scope
from app.access.rules import (
    ADMINISTERING,
    CHANGING,
    CHANGING_OWN,
    PUBLIC_ATTRIBUTE,
    READING,
    Decision,
    Rule,
    attributes,
    decide,
    require,
)
from app.errors import Forbidden, Refusal
from app.graphql.context import Info
from app.graphql.execution.schema import Schema
from app.graphql.extension import extend_types
from app.graphql.fields import query, relation
from tests.graphql.tiny import caller

R, W, A = Scope.READ, Scope.INTEGRATIONS_WRITE, Scope.ADMIN


@pytest.mark.parametrize(
    ("role", "scopes", "rules", "decision"),
    [
        (Role.VIEWER, {R}, (READING,), Decision.ALLOWED),
        (Role.ADMIN, {W, A}, (READING,), Decision.SCOPE_LACKS),
        (Role.VIEWER, {W}, (CHANGING,), Decision.ROLE_LACKS),
        (Role.VIEWER, {R}, (CHANGING,), Decision.ROLE_LACKS),
        (Role.MEMBER, {R}, (CHANGING,), Decision.SCOPE_LACKS),
        (Role.MEMBER, {R, W}, (ADMINISTERING,), Decision.ROLE_LACKS),
        (Role.MEMBER, {A}, (ADMINISTERING,), Decision.ROLE_LACKS),
        (Role.MEMBER, {W}, (CHANGING, ADMINISTERING), Decision.ALLOWED),
        (Role.MEMBER, {A}, (CHANGING, ADMINISTERING), Decision.SCOPE_LACKS),
        (Role.ADMIN, {A}, (CHANGING, ADMINISTERING), Decision.ALLOWED),
        (Role.ADMIN, {R}, (CHANGING, ADMINISTERING), Decision.SCOPE_LACKS),
        (Role.VIEWER, set(), (PUBLIC_ATTRIBUTE,), Decision.ALLOWED),
    ],
)
def test_role_and_scope_of_one_rule_both_have_to_suffice(
    role: Role, scopes: set[Scope], rules: tuple[Rule, ...], decision: Decision
) -> None:
    assert decide(caller(role=role, scopes=frozenset(scopes)), *rules) is decision


def test_without_a_rule_nobody_may() -> None:
    assert decide(caller(is_session=True)) is Decision.ROLE_LACKS


@pytest.mark.parametrize(
    ("role", "is_own", "decision"),
    [
        (Role.VIEWER, True, Decision.ROLE_LACKS),
        (Role.MEMBER, True, Decision.ALLOWED),
        (Role.MEMBER, False, Decision.ROLE_LACKS),
        (Role.ADMIN, False, Decision.ALLOWED),
    ],
)
def test_what_somebody_else_made_may_take_another_role(role: Role, *, is_own: bool, decision: Decision) -> None:
    assert decide(caller(role=role), CHANGING_OWN, is_own=is_own) is decision


def test_a_refusal_says_what_it_takes() -> None:
    with pytest.raises(Forbidden, match="it needs the scope INTEGRATIONS_WRITE or ADMIN"):
        require(caller(scopes=frozenset({R})), CHANGING, ADMINISTERING)
    with pytest.raises(Forbidden, match=r"it needs the scope INTEGRATIONS_WRITE\.$"):
        require(caller(role=Role.MEMBER, scopes=frozenset({R})), CHANGING, ADMINISTERING)
    with pytest.raises(Refusal, match="Your role in this team is VIEWER; this needs MEMBER"):
        require(caller(role=Role.VIEWER), ADMINISTERING, CHANGING)


def test_a_field_with_a_resolver_but_no_rule_is_not_built() -> None:
    @strawberry.type(description="Questions.")
    class Query:
        @query(description="One.")
        async def one(self, info: Info) -> int:
            return len(info.field_name)

        another: int = strawberry.field(resolver=_number, description="Another.")

    with pytest.raises(TypeError, match=r"No rule says who may use Query\.another:"):
        Schema(Query)


def test_an_attribute_whose_type_declares_nothing_is_not_built() -> None:
    @strawberry.type(description="A secret.")
    class Secret:
        text: str = strawberry.field(description="Its text.")

    with pytest.raises(TypeError, match=r"No rule says who may use Secret\.text:"):
        Schema(_query_of(Secret))


def test_a_declaration_covers_no_resolver_and_no_type_that_inherits_from_its_own() -> None:
    @strawberry.type(description="A thing.")
    @attributes(PUBLIC_ATTRIBUTE)
    class Thing:
        name: str = strawberry.field(description="Its name.")
        more: int = strawberry.field(resolver=_number, description="Reads something else.")

    @strawberry.type(description="A secret thing.")
    class SecretThing(Thing):
        text: str = strawberry.field(description="Its text.")

    with pytest.raises(TypeError, match=r"may use Thing\.more:"):
        Schema(_query_of(Thing))
    with pytest.raises(TypeError, match=r"may use SecretThing\.name, SecretThing\.more, SecretThing\.text:"):
        Schema(_query_of(SecretThing))


def test_a_field_that_a_capability_adds_needs_a_rule_too() -> None:
    kind = _query_of(int)
    extend_types({kind: {"grown": cast(Any, strawberry.field(resolver=_number, description="Grown."))}})

    with pytest.raises(TypeError, match=r"may use Query\.grown:"):
        Schema(kind)


def test_attributes_have_no_rule_that_nobody_would_ask() -> None:
    with pytest.raises(ValueError, match="is a relation"):
        attributes(READING)


def test_the_rules_of_a_schema_are_told_by_field() -> None:
    @strawberry.type(description="A thing.")
    @attributes(PUBLIC_ATTRIBUTE)
    class Thing:
        name: str = strawberry.field(description="Its name.")

        @relation(rule=ADMINISTERING, description="For admins.")
        def more(self, info: Info) -> int:
            return len(info.field_name)

    assert Schema(_query_of(Thing)).rules == {
        "Query.one": (READING,),
        "Thing.name": (PUBLIC_ATTRIBUTE,),
        "Thing.more": (ADMINISTERING,),
    }


def _number() -> int:
    return 1


def _query_of(kind: type) -> type:
    def one(info: Info) -> Any:
        raise NotImplementedError(info.field_name)

    one.__annotations__["return"] = kind
    field: Any = query(description="One.")(one)
    field.python_name = "one"
    return create_type("Query", [field], description="Questions.")
