"""Every list that the API reads from the database, in every way in which it can be asked for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, get_named_type

from app.graphql.ids import encode_id
from app.graphql.lists import is_connection
from tests.growth.filling import id_of

INTEGRATION, RARE_APP = encode_id("Integration", id_of("integration", 1)), encode_id("InstalledApp", id_of("installed_app", 51))
APP = encode_id("InstalledApp", id_of("installed_app", 1))
ACTORS = tuple(encode_id("TeamMember", id_of("member", number)) for number in (1, 2, 3))
"""Who does much, who has done something once, and who does nothing."""
MONITOR, HEARD, UNHEARD = (encode_id("Monitor", id_of("monitor", number)) for number in (1, 2, 3))
RUN = encode_id("MonitorRun", id_of("monitor_run", 1))


@dataclass(frozen=True)
class List:
    """`around` is an operation with LIST where the list stands.

    `filters` are what it may be narrowed by, and `arguments` what else it takes, each alone and beside others.
    """

    name: str
    around: str = "{ LIST }"
    filters: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    is_counted: bool = True

    def operations(self, *, after: str, before: str) -> Iterator[str]:
        """Yield each page of each narrowed list, from either end and at the cursors far from it, and its count."""
        filters = (f"filter: {{ {each} }}, " for each in self.filters)
        for narrowed in ("", *filters, *(f"{each}, " for each in self.arguments)):
            for part in ("first: 20", "last: 20", f'first: 20, after: "{after}"', f'last: 20, before: "{before}"'):
                yield self.asking(f"{narrowed}{part}", "nodes { id } pageInfo { hasNextPage startCursor endCursor }")
            if self.is_counted:
                yield self.asking(f"{narrowed}first: 1", "totalCount")

    def asking(self, arguments: str, selection: str) -> str:
        return self.around.replace("LIST", f"list: {self.name.partition('.')[2]}({arguments}) {{ {selection} }}")


def _of(kind: str, id: str) -> str:
    return f'{{ node(id: "{id}") {{ ... on {kind} {{ LIST }} }} }}'


_NARROWED = (
    'provider: "slack"',
    'provider: "gitlab"',
    'kind: "connect-api"',
    "statuses: [FAILING, NEEDS_REAUTHENTICATION]",
    'provider: "slack", statuses: [PAUSED]',
    'search: "pOST"',
    'search: "nowhere"',
    'kind: "connect-api", search: "nowhere"',
    f'installedAppId: "{APP}"',
    f'installedAppId: "{RARE_APP}"',
    f'installedAppId: "{APP}", statuses: [FAILING]',
    f'installedAppId: "{APP}", search: "nowhere"',
    'search: "slack"',
    f'monitorId: "{HEARD}"',
    f'monitorId: "{UNHEARD}"',
    'monitorKey: "m2", statuses: [PAUSED]',
    'monitorKey: "m2", search: "nowhere"',
    f'monitorKey: "m2", installedAppId: "{APP}"',
)

LISTS = (
    List(
        "Query.events",
        filters=(
            "types: [DELIVERY_CREATED]",
            "types: [INTEGRATION_EDITED]",
            "types: [ACCESS_TOKEN_REVOKED, INTEGRATION_EDITED, DELIVERY_FAILED]",
            f'subjectId: "{INTEGRATION}"',
            f'subjectId: "{INTEGRATION}", types: [INTEGRATION_EDITED]',
            *(f'actorId: "{member}"' for member in ACTORS),
            *(f'actorId: "{member}", types: [DELIVERY_FAILED, INTEGRATION_STATUS_CHANGED]' for member in ACTORS),
            *(f'actorId: "{member}", subjectId: "{INTEGRATION}"' for member in ACTORS),
        ),
        arguments=(
            "order: NEWEST_FIRST",
            'since: "2026-01-01T00:10:00Z"',
            'until: "2026-01-01T00:10:00Z", order: NEWEST_FIRST',
            'since: "2026-01-01T00:05:00Z", until: "2026-01-01T00:06:00Z"',
            'since: "2025-01-01T00:00:00Z", until: "2027-01-01T00:00:00Z", filter: { types: [INTEGRATION_EDITED] }',
            f'until: "2026-01-01T00:15:00Z", filter: {{ actorId: "{ACTORS[0]}", types: [DELIVERY_CREATED] }}',
            f'since: "2026-01-01T00:15:00Z", filter: {{ subjectId: "{INTEGRATION}" }}',
        ),
        is_counted=False,
    ),
    List("Query.integrations", filters=_NARROWED),
    List("Query.installedApps", filters=('provider: "gitlab"', "statuses: [UNREACHABLE]", 'search: "nowhere"')),
    List("Query.monitors", arguments=('search: "M7"', 'search: "nowhere"')),
    List("InstalledApp.integrations", _of("InstalledApp", APP)),
    List(
        "Integration.deliveries",
        _of("Integration", INTEGRATION),
        filters=("statuses: [FAILED]", "statuses: [PENDING, RETRYING]", "statuses: [DELIVERED, FAILED, SKIPPED]"),
        is_counted=False,
    ),
    List("Integration.activityDeliveries", _of("Integration", INTEGRATION), is_counted=False),
    List("MonitorRun.deliveries", _of("MonitorRun", RUN), is_counted=False),
    List("Monitor.runs", _of("Monitor", MONITOR), is_counted=False),
    List("Team.members", "{ viewer { team { LIST } } }"),
    List("Viewer.accessTokens", "{ viewer { LIST } }"),
    List("Viewer.connectedAccounts", "{ viewer { LIST } }"),
)

OF_MANY = (
    "{ installedApps(last: 60) { nodes { integrations(first: 20) { nodes { deliveries(last: 1) { nodes { id } } } } } } }",
    "{ installedApps(first: 100) { nodes { integrations(last: 1) { totalCount } } } }",
    "{ integrations(last: 90) { nodes { deliveries(last: 1) { nodes { attempts { at } run { id } } } } } }",
    "{ monitors(last: 100) { nodes { runs(first: 20) { nodes { id } } } } }",
    "{ monitors(last: 20) { nodes { runs(first: 20) { nodes { deliveries(first: 5) { nodes { viewerCanRetry } } } } } } }",
    "{ integrations(last: 90) { nodes { deliveries(last: 1, filter: { statuses: [FAILED, RETRYING] }) { nodes { id } } } } }",
    "{ viewer { team { members(first: 100) { nodes { viewerCanRemove viewerCanChangeRole lastSignedInAt } } } } }",
    '{ monitor(key: "m7") { id } }',
)
"""Operations with a list in each of many."""

_PAGING = frozenset({"first", "after", "last", "before"})


def lists_of(schema: GraphQLSchema) -> Mapping[str, frozenset[str]]:
    """Return each list of the schema that is read from the database (it can be read backward), and what narrows or turns it."""
    found: dict[str, frozenset[str]] = {}
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in kind.fields.items():
                if is_connection(get_named_type(field.type)) and "last" in field.args:
                    narrowed = get_named_type(field.args["filter"].type) if "filter" in field.args else None
                    fields = narrowed.fields if isinstance(narrowed, GraphQLInputObjectType) else ()
                    found[f"{kind.name}.{name}"] = frozenset(fields) | field.args.keys() - _PAGING - {"filter"}
    return found
