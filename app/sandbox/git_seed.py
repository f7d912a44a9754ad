"""The fixed beginning of a Git server: three people, two groups (one with a group in it), and their repositories.

Ada and Grace each see private repositories that the other does not; Edsger sees public ones only. Grace has more than 250.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from app.sandbox.git_objects import Leaf
from app.sandbox.git_world import Access, Namespace, Repository, User, World

_BEGINNING = datetime(2025, 3, 1, 9, tzinfo=UTC)

_ADA, _GRACE, _EDSGER = USERS = (
    User(1, "ada", "Ada Lovelace"),
    User(2, "grace", "Grace Hopper"),
    User(3, "edsger", "Edsger Dijkstra"),
)


@dataclass(frozen=True)
class _Plan:
    """A repository to be. The first branch is the default one; a branch without files of its own shares the default's."""

    namespace: str
    name: str
    access: Mapping[str, Access]
    description: str = ""
    is_private: bool = True
    branches: tuple[str, ...] = ("main",)
    protected: frozenset[str] = frozenset()
    leaves: Mapping[str, Leaf] = field(default_factory=dict)
    more: Mapping[str, Mapping[str, Leaf]] = field(default_factory=dict)


def seed_world(*, nested: str, first_id: int) -> World:
    """Return a world as new. `nested`: the path of the group within the group, "acme/platform" where groups nest."""
    return _beginning(nested=nested, first_id=first_id).copy()


@cache
def _beginning(*, nested: str, first_id: int) -> World:
    """Naming hundreds of commits as Git would takes longer than all else here: it is done once, and this world never changes."""
    world = World(USERS, _namespaces(nested))
    for number, plan in enumerate(_plans(nested)):
        world.add(_found(plan, world, id=first_id + number, at=_BEGINNING + timedelta(hours=number)))
    return world


def _namespaces(nested: str) -> Iterator[Namespace]:
    yield Namespace(101, "acme", "Acme", "group", frozenset({"ada", "grace"}))
    yield Namespace(102, "globex", "Globex", "group", frozenset({"grace"}))
    yield Namespace(103, nested, "Platform", "group", frozenset({"ada"}))
    for user in USERS:
        yield Namespace(user.id, user.login, user.name, "user", frozenset())


def _plans(nested: str) -> Iterator[_Plan]:
    acme = {"ada": Access.OWNER, "grace": Access.DEVELOPER}
    yield _Plan(
        "acme",
        "payments-api",
        acme,
        "Payments, and how to ask for them",
        branches=("main", "develop", "feature/a/b", "release-1.0", "fix/ümläut #1"),
        protected=frozenset({"main"}),
        leaves=_payments(),
        more={
            "develop": {"openapi/openapi.yaml": Leaf(_OPENAPI.replace(b"1.0.0", b"1.1.0-dev"))},
            "feature/a/b": {"notes/only here.txt": Leaf(b"Only on this branch.\n")},
        },
    )
    topics = tuple(f"topic/{number:03}" for number in range(1, 265))
    yield _Plan("acme", "many-branches", acme, branches=("main", *topics), leaves=_readme("many-branches"))
    yield _Plan("acme", "empty", acme, "Nothing was pushed yet", branches=())
    yield _Plan("acme", "docs.site", acme, "Public", is_private=False, branches=("trunk",), leaves=_readme("docs.site"))
    yield _Plan(nested, "gateway", {"ada": Access.MAINTAINER}, leaves={**_readme("gateway"), "openapi.json": Leaf(_JSON)})
    yield _Plan("globex", "secret-plans", {"grace": Access.OWNER}, leaves=_readme("secret-plans"))
    yield _Plan("ada", "notes", {"ada": Access.OWNER, "grace": Access.REPORTER}, leaves=_readme("notes"))
    yield _Plan("edsger", "hello_world", {"edsger": Access.OWNER}, is_private=False, leaves=_readme("hello_world"))
    for number in range(1, 261):
        name = f"service-{number:03}"
        yield _Plan("grace", name, {"grace": Access.OWNER}, leaves=_readme("service"))


def _found(plan: _Plan, world: World, *, id: int, at: datetime) -> Repository:
    repository = Repository(
        id=id,
        namespace=world.namespaces[plan.namespace],
        name=plan.name,
        description=plan.description,
        is_private=plan.is_private,
        created_at=at,
        pushed_at=at,
        access=dict(plan.access),
        protected=plan.protected,
    )
    for branch in plan.branches[:1]:
        repository.commit(branch, dict(plan.leaves), message="Begin", author=_ADA.author, at=at)
    for branch in plan.branches[1:]:
        repository.point(branch, repository.branches[plan.branches[0]])
    for branch, changed in plan.more.items():
        leaves = {**plan.leaves, **changed}
        repository.commit(branch, leaves, message=f"Go on at {branch}", author=_GRACE.author, at=at + timedelta(minutes=5))
    return repository


@cache
def _readme(name: str) -> Mapping[str, Leaf]:
    return {"README.md": Leaf(f"# {name}\n".encode())}


@cache
def _payments() -> Mapping[str, Leaf]:
    return {
        "README.md": Leaf(b"# payments-api\n"),
        ".gitattributes": Leaf(b"*.png binary\n"),
        "openapi/openapi.yaml": Leaf(_OPENAPI),
        "openapi/schemas/payment.yaml": Leaf(b"type: object\nproperties:\n  amount: {type: integer}\n"),
        "openapi/v2.1/swagger.json": Leaf(_JSON),
        "postman/collections/Payments smoke test.json": Leaf(b'{"info":{"name":"Payments smoke test"},"item":[]}\n'),
        "postman/collections/refunds.v1.json": Leaf(b'{"info":{"name":"Refunds"},"item":[]}\n'),
        "docs/How to pay - a guide.md": Leaf("Zahlen, bitte: Grüße\n".encode()),
        "assets/logo.png": Leaf(b"\x89PNG\r\n\x1a\n" + bytes(range(256))),
        "data/ledger.csv": Leaf(b"id,amount,currency\n" + b"".join(b"%06d,100,EUR\n" % row for row in range(80_000))),
        "scripts/pay.sh": Leaf(b"#!/bin/sh\necho paid\n", mode="100755"),
        "current.yaml": Leaf(b"openapi/openapi.yaml", mode="120000"),
        "elsewhere": Leaf(b"/nowhere/at-all", mode="120000"),
        "vendor/schemas": Leaf(mode="160000", commit="5ca1ab1e" * 5),
        "empty.txt": Leaf(),
    }


_OPENAPI = b"""openapi: 3.0.3
info: {title: Payments, version: 1.0.0}
paths:
  /payments:
    get:
      responses:
        "200":
          description: All payments
          content:
            application/json:
              schema: {$ref: "schemas/payment.yaml"}
"""
_JSON = b'{"swagger":"2.0","info":{"title":"Payments","version":"2.1"},"paths":{}}\n'
