"""Rules: each field has one, one function decides by it, and a schema with a field that has none is not built."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, TypeAlias, TypeVar

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from app.access.callers import Caller, Role, Scope, scopes_of
from app.errors import Forbidden, Refusal, UserErrorCode

C = TypeVar("C", bound=type)


@dataclass(frozen=True)
class Rule:
    """A member of at least `role`, with a credential that has one of `scopes`; no scopes: whatever the credential has.

    `others` is the role that it takes instead where what is acted upon was made by somebody else; None: the same.
    """

    role: Role
    scopes: tuple[Scope, ...]
    others: Role | None = None

    def role_for(self, *, is_own: bool) -> Role:
        """Return the role that it takes for what the caller made (`is_own`), or somebody else did."""
        return self.role if is_own or self.others is None else self.others

    def admits(self, role: Role, *, is_own: bool = True) -> bool:
        """Whether a member of that role may, whatever they come with."""
        return role.covers(self.role_for(is_own=is_own))

    def is_reached_by(self, caller: Caller) -> bool:
        """Whether what the caller came with suffices, whatever their role."""
        return not self.scopes or caller.has_any(*self.scopes)


READING = Rule(Role.VIEWER, (Scope.READ,))
CHANGING = Rule(Role.MEMBER, (Scope.INTEGRATIONS_WRITE,))
CHANGING_OWN = Rule(Role.MEMBER, (Scope.INTEGRATIONS_WRITE,), others=Role.ADMIN)
ADMINISTERING = Rule(Role.ADMIN, (Scope.ADMIN,))
ASKING_PROVIDERS = Rule(Role.MEMBER, (Scope.READ,))
"""Reading that has a provider asked with somebody's authorization."""

PUBLIC_ATTRIBUTE = Rule(Role.VIEWER, ())
"""For plain attributes: whoever was let to the object reads them."""

Rules: TypeAlias = tuple[Rule, ...]
"""One of them has to allow it. Where they are several, the resolver asks `require` for the one that its input takes."""


class Decision(Enum):
    ALLOWED = auto()
    SCOPE_LACKS = auto()
    ROLE_LACKS = auto()


def decide(caller: Caller, *rules: Rule, is_own: bool = True) -> Decision:
    """Say whether one of the rules lets the caller. Without a rule nobody is let.

    The role comes first: a better token helps nobody whose role does not suffice, and none of theirs could be better.
    """
    admitting = [rule for rule in rules if rule.admits(caller.role, is_own=is_own)]
    if not admitting:
        return Decision.ROLE_LACKS
    return Decision.ALLOWED if any(rule.is_reached_by(caller) for rule in admitting) else Decision.SCOPE_LACKS


def require(caller: Caller, *rules: Rule) -> None:
    """Raise Refusal FORBIDDEN for a role that does not suffice, and Forbidden for a scope that does not.

    What the caller acts upon is taken for their own; where that matters, the action asks again once it knows.
    """
    match decide(caller, *rules):
        case Decision.ROLE_LACKS:
            raise role_error(caller.role, min((rule.role for rule in rules), key=_rank, default=Role.ADMIN))
        case Decision.SCOPE_LACKS:
            raise scope_error(caller.role, [rule for rule in rules if rule.admits(caller.role)])


def scope_error(role: Role, rules: Sequence[Rule]) -> Forbidden:
    """Return what names the scopes that would do, as far as a token of that role can have them."""
    scopes = [scope for scope in dict.fromkeys(scope for rule in rules for scope in rule.scopes) if scope in scopes_of(role)]
    if not scopes:
        return Forbidden(f"No access token of a {role} reaches that far, whatever its scopes: sign in with a browser.")
    return Forbidden(f"This access token does not reach that far: it needs the scope {' or '.join(scopes)}.")


def role_error(has: Role, needs: Role) -> Refusal:
    message = f"Your role in this team is {has}; this needs {needs}. Ask a Team Admin."
    return Refusal(UserErrorCode.FORBIDDEN, message)


def declared(*rules: Rule) -> dict[str, Rules]:
    """Return what the metadata of a field says of its rules."""
    return {_KEY: rules}


def attributes(rule: Rule) -> Callable[[C], C]:
    """Declare, under `strawberry.type`, the rule of all the type's plain attributes. The only one there is is PUBLIC_ATTRIBUTE.

    Nobody asks again when an attribute is read: what is not for everybody who is let to the object is a relation.
    """
    if rule is not PUBLIC_ATTRIBUTE:
        raise ValueError("An attribute goes with its object; what has another rule is a relation.")

    def declare(kind: C) -> C:
        setattr(kind, _KEY, (rule,))
        return kind

    return declare


def rules_of(schema: GraphQLSchema) -> Mapping[str, Rules]:
    """Return the rules of every field of every object by its name ("Team.members"). Raises TypeError, naming those without."""
    found = {f"{kind.name}.{name}": rules for kind in _objects(schema) for name, rules in _rules_within(kind)}
    without = [name for name, rules in found.items() if not rules]
    if without:
        raise TypeError(
            f"No rule says who may use {', '.join(without)}: decorate it (query, relation, mutation, subscription), or declare "
            "`attributes` for its type."
        )
    return found


_KEY = "__rules__"


def _rank(role: Role) -> int:
    return sum(role.covers(other) for other in Role)


def _objects(schema: GraphQLSchema) -> Iterator[GraphQLObjectType | GraphQLInterfaceType]:
    for name, kind in schema.type_map.items():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not name.startswith("__"):
            yield kind


def _rules_within(kind: GraphQLObjectType | GraphQLInterfaceType) -> Iterator[tuple[str, Rules]]:
    definition: StrawberryObjectDefinition = kind.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
    declarer = (definition.concrete_of or definition).origin  # a list of things declares once, for all things
    of_attributes: Rules = vars(declarer).get(_KEY, ())  # its own: what a type inherits from has declared for itself
    for name, field in kind.fields.items():
        declaration: StrawberryField = field.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
        own: Any = declaration.metadata.get(_KEY, ())
        yield name, own or (() if declaration.base_resolver is not None else of_attributes)
