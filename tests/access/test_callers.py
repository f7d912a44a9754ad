import pytest

from app.access.callers import Role, Scope
from tests.graphql.tiny import caller


@pytest.mark.parametrize(
    ("role", "covered"),
    [
        (Role.VIEWER, {Role.VIEWER}),
        (Role.MEMBER, {Role.VIEWER, Role.MEMBER}),
        (Role.ADMIN, {Role.VIEWER, Role.MEMBER, Role.ADMIN}),
    ],
)
def test_a_role_covers_those_below_it(role: Role, covered: set[Role]) -> None:
    assert {other for other in Role if role.covers(other)} == covered


def test_a_role_says_what_its_member_is() -> None:
    assert [caller(role=role).can_write for role in (Role.VIEWER, Role.MEMBER, Role.ADMIN)] == [False, True, True]


def test_a_scope_that_was_given_is_found_and_no_other() -> None:
    with_read = caller(scopes=frozenset({Scope.READ}))

    assert with_read.has_any(Scope.READ)
    assert with_read.has_any(Scope.ADMIN, Scope.READ)
    assert not with_read.has_any(Scope.ADMIN, Scope.RUNS_WRITE)
    assert not with_read.has_any()
