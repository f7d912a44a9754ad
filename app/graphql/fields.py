"""Root fields and relations, each with its rule: who may ask for it. No field of another type stands without one of these.

A resolver's parameter annotated `Arguments` or `ForwardArguments` becomes `first`, `after`, `last`, `before` in the schema.
"""

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias, TypeVar, cast, get_args, get_origin

import strawberry
from strawberry.types.base import has_object_definition

from app.access.rules import READING, Rule, declared, require
from app.errors import Forbidden, Refusal, TryAgainLater, Unavailable, UserErrorCode
from app.graphql.connections import Arguments, ForwardArguments
from app.graphql.context import Context, Info
from app.graphql.errors import UserError
from app.graphql.execution.insistence import Tries
from app.outbound import waiting_until

Resolver: TypeAlias = Callable[..., Any]
NO_LIST: Mapping[str, Any] = MappingProxyType({})
R = TypeVar("R", bound=Callable[..., Any])  # a decorated resolver is a field; for type checkers it stays what it was


def query(
    *,
    description: str,
    rule: Rule = READING,
    deprecated: str | None = None,
    name: str | None = None,
    size: Mapping[str, Any] = NO_LIST,
) -> Callable[[R], R]:
    """A field of Query. Who is not let by its rule gets the GraphQL error FORBIDDEN.

    `size` says how long a list of objects may be that is no connection: `at_most` or `one_for_each` of `lists`.
    """
    return _reading(rule, description=description, deprecated=deprecated, name=name, size=size)


def relation(
    *,
    description: str,
    rule: Rule = READING,
    deprecated: str | None = None,
    name: str | None = None,
    size: Mapping[str, Any] = NO_LIST,
) -> Callable[[R], R]:
    """A field of an object that leads on to other objects, or asks a provider: it has a rule of its own and a `size`, as a query.

    A token that may only report runs reads the scalars of what it made, and goes no further.
    """
    return _reading(rule, description=description, deprecated=deprecated, name=name, size=size)


def mutation(
    *rules: Rule,
    description: str,
    deprecated: str | None = None,
    name: str | None = None,
    taken: Callable[[Any], Rule] | None = None,
) -> Callable[[R], R]:
    """A field of Mutation: a scope that does not suffice is the GraphQL error FORBIDDEN, a role a row of `userErrors`.

    The resolver returns a payload: a strawberry type with `user_errors: list[UserError]` whose fields all have defaults. A role
    that does not suffice and a Refusal that the resolver raises become the one row of `userErrors` in a payload that is otherwise
    its defaults. What it began goes on to its end when the client leaves. The field is nullable, as the contract has it.
    `taken` says which one of several rules an input takes: who lacks the role for that is told so, whatever scope they lack too.
    """

    def decorate(resolver: R) -> R:
        payload = _payload_of(resolver)

        @functools.wraps(resolver)
        async def run(*args: Any, **kwargs: Any) -> Any:
            info = _info_of(kwargs)
            context = info.context

            async def act() -> Any:
                # All of it in the task that goes on when the client leaves: nobody is refused unseen by leaving early.
                try:
                    require(context.viewer, *rules if taken is None else (taken(kwargs["input"]),))
                    with waiting_until(context.budget.ends):
                        return await resolver(*args, **_gather(resolver, kwargs))
                except (Forbidden, Refusal) as error:
                    _note(info, error)
                    raise

            context.clear_loaders()
            try:
                return await context.tasks.finish(act())
            except Refusal as refusal:
                context.services.meters.user_error(refusal.code)
                return payload(user_errors=[UserError.of(refusal)])
            finally:
                context.clear_loaders()

        field: Any = strawberry.mutation(
            spread(run),
            description=description,
            deprecation_reason=deprecated,
            name=name,
            graphql_type=payload | None,
            metadata=declared(*rules),
        )
        return cast(R, field)

    return decorate


def subscription(
    *, description: str, rule: Rule = READING, deprecated: str | None = None, name: str | None = None
) -> Callable[[R], R]:
    """A field of Subscription, with its rule as a query has it. Each event is an operation of its own, with rows read anew.

    A resolver that raises Unavailable before its first event is called again, and then TryAgainLater is raised in its place.
    """

    def decorate(resolver: R) -> R:
        @functools.wraps(resolver)
        def run(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
            info = _info_of(kwargs)
            begin = functools.partial(resolver, *args, **_gather(resolver, kwargs))
            return _events(begin, enter=functools.partial(let, info, rule), context=info.context)

        field: Any = strawberry.subscription(
            spread(run), description=description, deprecation_reason=deprecated, name=name, metadata=declared(rule)
        )
        return cast(R, field)

    return decorate


async def _events(
    begin: Callable[[], AsyncGenerator[Any, None]], *, enter: Callable[[], None], context: Context
) -> AsyncGenerator[Any, None]:
    """Yield the events of a subscription, begun again where it could not be. `enter` raises where it may not be begun."""
    enter()
    del enter  # as long as somebody listens there is nothing here that need not be
    tries, is_begun = Tries(context.insistence), False
    while True:
        try:
            async with aclosing(begin()) as events:
                async for event in events:
                    is_begun = True
                    yield event
        except TryAgainLater:
            raise
        except Unavailable as away:
            if is_begun:  # from its beginning on, it would tell once more what it has told
                raise TryAgainLater(fault=away.message) from None
            await tries.pause(fault=away.message)
        else:
            return


def _reading(
    rule: Rule, *, description: str, deprecated: str | None, name: str | None, size: Mapping[str, Any]
) -> Callable[[R], R]:
    def decorate(resolver: R) -> R:
        @functools.wraps(resolver)
        def start(*args: Any, **kwargs: Any) -> Any:
            let(_info_of(kwargs), rule)
            return resolver(*args, **_gather(resolver, kwargs))

        @functools.wraps(resolver)
        async def start_async(*args: Any, **kwargs: Any) -> Any:
            return await start(*args, **kwargs)

        run = start_async if inspect.iscoroutinefunction(resolver) else start
        field: Any = strawberry.field(
            spread(run),
            description=description,
            deprecation_reason=deprecated,
            name=name,
            metadata={**declared(rule), **size},
        )
        return cast(R, field)

    return decorate


def let(info: Info, rule: Rule) -> None:
    """Let whoever asks go on. Raises Forbidden, and tells the log, where the rule does not let them."""
    try:
        require(info.context.viewer, rule)
    except (Forbidden, Refusal) as error:
        _note(info, error)
        raise Forbidden(error.message) from None  # also for a role: reading has no `userErrors`


def _note(info: Info, error: Forbidden | Refusal) -> None:
    """Tell the log of what is refused by role, ownership or scope."""
    if isinstance(error, Forbidden) or error.code is UserErrorCode.FORBIDDEN:
        within = info.path.typename
        action = info.field_name if within in _ROOTS else f"{within}.{info.field_name}"
        info.context.note_refusal(info.context.viewer, action, error.message)


def _payload_of(resolver: Resolver) -> type:
    annotation = inspect.signature(resolver).return_annotation
    kinds = [kind for kind in get_args(annotation) if kind is not type(None)] or [annotation]
    if len(kinds) != 1 or not has_object_definition(kinds[0]):
        raise TypeError(f"{resolver.__qualname__} has to say which payload it returns.")
    payload: type = kinds[0]
    return payload


def _info_of(kwargs: dict[str, Any]) -> Info:
    info = next((value for value in kwargs.values() if isinstance(value, strawberry.Info)), None)
    if info is None:
        raise TypeError("A resolver with a rule takes `info: Info`.")
    return info


def _argument(name: str, kind: Any, description: str) -> inspect.Parameter:
    annotation: Any = Annotated[kind, strawberry.argument(description=description)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=strawberry.UNSET)


_FORWARD = (
    _argument("first", int | None, "How many from the start, 1 to 100; 20 when no size is given."),
    _argument("after", str | None, "A cursor: only what comes behind it."),
)
_BOTH_WAYS = (
    *_FORWARD,
    _argument("last", int | None, "How many from the end, 1 to 100; not together with `first`."),
    _argument("before", str | None, "A cursor: only what comes before it."),
)
_SELF_EVIDENT = {
    "input": "What to do, as one object.",
    "id": "The id that it was given out with.",
}
"""What arguments of these names are, in every field that has them."""

_PAGED = {Arguments: _BOTH_WAYS, ForwardArguments: _FORWARD}
_ROOTS = frozenset({"Query", "Mutation", "Subscription"})
_LEADING = frozenset({"self", "root"})


def spread(resolver: Resolver) -> Resolver:
    """Give the resolver the signature that the schema shows: list arguments one by one."""
    signature = inspect.signature(resolver)
    parameters: list[inspect.Parameter] = []
    for parameter in signature.parameters.values():
        leads = parameter.name in _LEADING
        own = parameter if leads else _described(parameter).replace(kind=inspect.Parameter.KEYWORD_ONLY)
        parameters.extend(_PAGED.get(parameter.annotation, (own,)))
    shown: Any = resolver
    shown.__signature__ = signature.replace(parameters=parameters)
    return resolver


def _described(parameter: inspect.Parameter) -> inspect.Parameter:
    if parameter.name not in _SELF_EVIDENT or get_origin(parameter.annotation) is Annotated:
        return parameter
    described = strawberry.argument(description=_SELF_EVIDENT[parameter.name])
    return parameter.replace(annotation=Annotated[parameter.annotation, described])


def _gather(resolver: Resolver, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Put the list arguments back into the one parameter that the resolver has for them. Raises BadUserInput."""
    for name, kind, parts in _paged_parameters(resolver):
        kwargs[name] = check_page({part: kwargs.pop(part, None) for part in parts}, kind)
    return kwargs


def check_page(given: Mapping[str, Any], kind: Any = Arguments) -> Any:
    """Return the list arguments that were given, as that kind of them. Raises BadUserInput."""
    return kind.check(**{part: None if value is strawberry.UNSET else value for part, value in given.items()})


@functools.cache
def _paged_parameters(resolver: Resolver) -> Sequence[tuple[str, Any, Sequence[str]]]:
    """Return the parameters that stand for list arguments, with their types and those arguments' names.

    A signature is read once: that takes longer than the rest of what is done for a field.
    """
    parameters = inspect.signature(resolver).parameters.values()
    return [
        (parameter.name, parameter.annotation, [part.name for part in _PAGED[parameter.annotation]])
        for parameter in parameters
        if parameter.annotation in _PAGED
    ]
