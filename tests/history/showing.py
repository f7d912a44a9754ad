"""How the API shows what there is."""

from uuid import UUID

from app.graphql.ids import encode_id
from app.graphql.streams import LogCursors
from tests.history.kept import Event, Run, Thing
from tests.history.records import JSON

_TYPES = {"INTEGRATION": "Integration", "DELIVERY": "Delivery", "TEAM_MEMBER": "TeamMember"}


def tell(event: Event, team: UUID) -> JSON:
    """Return the event as the API tells it."""
    kind = next(name for prefix, name in _TYPES.items() if event.type.startswith(prefix))
    return {
        "id": encode_id("Event", UUID(event.id)),
        "cursor": LogCursors(team).write([event.sequence]),
        "sequence": event.sequence,
        "type": event.type,
        "subjectId": encode_id(kind, UUID(event.about)),
        "summary": event.summary,
    }


def id_of(each: Thing | Run) -> str:
    return encode_id(each.type if isinstance(each, Thing) else "MonitorRun", UUID(each.id))


def shown(thing: Thing) -> JSON:
    return {"id": id_of(thing), **thing.fields}


def node_of(each: Thing | Run) -> JSON | None:
    if isinstance(each, Run):
        return {"id": id_of(each), "runId": each.run_id}
    return None if each.is_gone else shown(each)
