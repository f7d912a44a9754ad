"""What is given for an id at a place, and which of the answers have to be the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from app.graphql.cursors import read_position, write_position
from app.graphql.ids import encode_id, from_text, to_text, type_of
from app.repositories.references import RepositoryRef
from tests.integrations.scene import channel
from tests.tenancy.rows import Naming, Row
from tests.tenancy.teams import Things, Who

NOBODYS = UUID("9f8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d")
NOT_THERE = "what is not there"
ENTRIES = {"provider": "slack", "git provider": "gitlab-self-managed", "secret provider": "webhook", "kind": "connect-api"}


@dataclass(frozen=True)
class Value:
    """`kind` says what it is of; values of one group have to be answered alike."""

    kind: str
    text: str
    group: str = NOT_THERE


@dataclass(frozen=True)
class Cursors:
    """Of the list that the place is about: the asking team's and the other's, and one of another list of the asking team."""

    own: str
    foreign: str
    of_another_list: str


def values_of(row: Row, ours: Things, theirs: Things, *, cursors: Cursors | None, thorough: bool) -> list[Value]:
    """Return what is asked for. `thorough`: in every way that we know of; else once of each kind."""
    match row.naming:
        case Naming.ROW:
            return [*_rows(row, ours, theirs), *(_more_rows(row, ours, theirs) if thorough else ())]
        case Naming.ENTRY:
            return list(_entries(ours, theirs))
        case Naming.ABROAD:
            return list(_abroad(row, ours, theirs))
        case Naming.POSITION | Naming.PROVIDERS | Naming.LOG:
            assert cursors is not None
            return list(_positions(row, ours, cursors))


def right(row: Row, ours: Things, *, cursors: Cursors | None) -> str:
    """Return what is there, for the one who is to find it."""
    if cursors is not None:
        return cursors.own
    return ENTRIES.get(row.right) or own_of(ours, row.right, who=row.who)


def own_of(things: Things, name: str, *, who: Who) -> str:
    """Return the id of what the team calls so; where members have one each, the asking one's."""
    return things.live.get(f"{who} {name}") or things.live[name]


def _rows(row: Row, ours: Things, theirs: Things) -> Iterator[Value]:
    live = ours.live[row.right]
    yield Value("another team's", theirs.live[row.right])
    if row.right in ours.gone and not row.shows_gone:
        yield Value("deleted", ours.gone[row.right])
    yield Value("random", encode_id(_type(live), NOBODYS))
    yield Value("of another type", _named(live, "Team" if row.right == "Monitor" else "Monitor"))
    yield Value("malformed", "nonsense")


def _more_rows(row: Row, ours: Things, theirs: Things) -> Iterator[Value]:
    live = ours.live[row.right]
    if row.right in theirs.gone:
        yield Value("another team's, deleted", theirs.gone[row.right])
    if f"another's {row.right}" in ours.live:
        yield Value("another member's", ours.live[f"another's {row.right}"])
    for name, theirs_of_type in _by_type(theirs).items():
        yield Value(f"another team's {name}", theirs_of_type)
    if not row.takes_all_types:
        for name, own_of_type in _by_type(ours).items():
            if name != _type(live):
                yield Value(f"an own {name}", own_of_type)
    yield Value("empty", "")
    yield Value("spelled otherwise", f"{live}=")
    yield Value("in other letters", live.swapcase())
    yield Value("cut off", live[:-1])
    yield Value("a key too short", _with_key(live, _key(live)[:-1]))
    yield Value("a key too long", _with_key(live, _key(live) + b"\0"))
    yield Value("of no type", _named(live, "Nothing"))
    yield Value("of a type in other letters", _named(live, _type(live).lower()))
    yield Value("beyond ASCII", "\U0001f4a5\0\u202e")
    yield Value("endless", "A" * 5_000)


def _entries(ours: Things, theirs: Things) -> Iterator[Value]:
    yield Value("another team's", theirs.live["InstalledApp"])
    yield Value("deleted", ours.gone["InstalledApp"])
    yield Value("random", "no-such-entry")
    yield Value("of another type", ours.live["Monitor"])
    yield Value("malformed", "nonsense")


def _abroad(row: Row, ours: Things, theirs: Things) -> Iterator[Value]:
    yield Value("another team's", theirs.live[row.right], "elsewhere")
    nowhere = {
        "Channel": channel(account="T0NOWHERE999"),
        "Repository": RepositoryRef("gitlab-self-managed", "https://git.example.com", "1").id,
    }
    yield Value("random", nowhere[row.right], "elsewhere")
    yield Value("hidden", ours.gone[f"hidden {row.right}"], "hidden")
    yield Value("never there", ours.gone[f"never {row.right}"], "hidden")
    yield Value("of another type", ours.live["Monitor"])
    yield Value("malformed", "nonsense")


def _positions(row: Row, ours: Things, cursors: Cursors) -> Iterator[Value]:
    there = {Naming.POSITION: "a position", Naming.PROVIDERS: "the provider's", Naming.LOG: NOT_THERE}[row.naming]
    yield Value("another team's", cursors.foreign, there)
    yield Value("random", _of_nobody(cursors.foreign), there)
    yield Value("of another list", cursors.of_another_list)
    yield Value("of another type", ours.live["Monitor"])
    yield Value("malformed", "nonsense")


def _of_nobody(cursor: str) -> str:
    """Return a cursor of the same position, of a row, or of a team's log, that nobody has."""
    return write_position([NOBODYS.hex if _is_key(part) else part for part in read_position(cursor)])


def _is_key(part: object) -> bool:
    return isinstance(part, str) and len(part) == len(NOBODYS.hex) and part.isalnum()


def _by_type(things: Things) -> dict[str, str]:
    return {_type(live): live for live in things.live.values()}


def _type(id: str) -> str:
    return type_of(id) or ""


def _key(id: str) -> bytes:
    return (from_text(id) or b"").partition(b":")[2]


def _with_key(id: str, key: bytes) -> str:
    return to_text(_type(id).encode() + b":" + key)


def _named(id: str, type_name: str) -> str:
    return to_text(type_name.encode() + b":" + _key(id))
