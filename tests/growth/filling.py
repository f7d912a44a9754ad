"""Tables with as many rows as are asked for, made by the database itself: common ones, rare ones, and what lists leave out.

Each hundredth of most things is another team's. What is the first of its kind has much more than its share.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from app.storage import database
from tests.storage.schemas import ask

GROWING = (
    "event",
    "delivery",
    "delivery_attempt",
    "monitor_run",
    "monitor",
    "integration",
    "installed_app",
    "member",
    "access_token",
    "authorization",
    "oauth_client",
    "monitoring_post",
    "activity_delivery",
)

LISTENERS = 100
"""So many integrations hear of the second monitor."""

OTHER_TEAM = UUID(int=77)

_KINDS = {name: number for number, name in enumerate(GROWING)}


@dataclass(frozen=True)
class Size:
    """`rows`: so many events, runs, deliveries and attempts. `things`: so many living integrations and monitors."""

    rows: int
    things: int


def id_of(table: str, number: int) -> UUID:
    """Return the id of the row of that number, counted from 1: at no place in particular among the others."""
    return UUID(f"{number * 2_654_435_761 % 2**32:08x}-0000-4000-8{_KINDS[table]:03x}-{number:012x}")


async def fill(url: str, size: Size, *, team_id: UUID, member_id: UUID) -> None:
    """Fill the tables for the team and another."""
    say = _Words(database.is_embedded(url), team_id)
    rows, things = size.rows, size.things
    monitor, app, integration = (say.id(table, f"1 + (i % {things})") for table in ("monitor", "installed_app", "integration"))
    ended, living = say.moment("i"), "NULL"

    async def put(table: str, count: int, /, **columns: str) -> None:
        columns = {"id": say.id(table, "i"), **columns}
        names = ", ".join(f'"{name}"' for name in columns)
        await ask(url, f'INSERT INTO "{table}" ({names}) {say.series(count, ", ".join(columns.values()))}')

    await ask(url, f"INSERT INTO team (id, name, created_at) SELECT {say.quoted(OTHER_TEAM)}, 'Others', {say.moment('0')}")
    await put(
        "member",
        things,
        team_id=say.team,
        name="'Ada'",
        email="'a' || i",
        role="'VIEWER'",
        joined_at=say.moment("i"),
        left_at=_share({0: living}, 50, ended),
    )
    await put(
        "access_token",
        things,
        member_id=say.quoted(member_id),
        name="'ci'",
        hash="'h' || i",
        last_four="'abcd'",
        scope_names="'READ'",
        created_at=say.moment("i"),
        expires_at=say.moment("i"),
        revoked_at=_share({0: living}, 50, ended),
    )
    await put("monitor", things, team_id=say.team, key="'m' || i", name="'M'", created_at=say.moment("i"))
    await put(
        "installed_app",
        things,
        team_id=say.team,
        provider="'slack'",
        name="'App ' || i",
        connected_to="'acme'",
        account_id="'T'",
        origin="'https://slack.com'",
        status="'ACTIVE'",
        created_at=say.moment("i"),
        updated_at=say.moment("i"),
        deleted_at=_share({1: living}, 50, ended),
    )
    await put(
        "integration",
        things * 2,
        team_id=say.team,
        provider=_share({7: "'github'"}, 1000, "'slack'"),
        kind=_share({7: "'connect-api'"}, 1000, "'post-monitoring-results'"),
        name="'Post ' || i",
        uses_installed_app="true",
        installed_app_id=f"CASE WHEN i % 3 = 0 THEN {app} ELSE {say.id('installed_app', '1')} END",
        connected_to="'acme'",
        account_id="'T'",
        origin="'https://slack.com'",
        status="CASE WHEN i = 11 THEN 'FAILING' WHEN i % 100 = 3 THEN 'PAUSED' ELSE 'ACTIVE' END",
        stopped_by=_share({5: "'INSTALLED_APP_DELETED'"}, 100, "NULL"),
        status_changed_at=say.moment("i"),
        is_paused="false",
        created_at=say.moment("i"),
        updated_at=say.moment("i"),
        deleted_at=_share({1: living}, 2, ended),
    )
    await put(
        "monitoring_post",
        LISTENERS,
        integration_id=say.id("integration", f"1 + 2 * i * ({things} / {2 * LISTENERS})"),
        monitor_id=say.id("monitor", "2"),
        channel_id="'C'",
        channel_name="'general'",
        channel_is_private="false",
        notify="'ALL_RUNS'",
        failures_in_a_row="0",
    )
    await put(  # most hear of other monitors, or a database would rather go through all of them
        "monitoring_post",
        2 * LISTENERS,
        id=say.id("monitoring_post", f"{LISTENERS} + i"),
        integration_id=say.id("integration", "2 * i"),
        monitor_id=say.id("monitor", "3 + i % 90"),
        channel_id="'C'",
        channel_name="'general'",
        channel_is_private="false",
        notify="'ALL_RUNS'",
        failures_in_a_row="0",
    )
    await put(
        "oauth_client",
        1,
        team_id=say.team,
        provider="'gitlab-self-managed'",
        base_url="'https://git.example.com'",
        origin="'https://git.example.com'",
        client_id="'id'",
        secret_hint="'hint'",
        version="1",
        created_at=say.moment("i"),
    )
    await put(
        "authorization",
        things,
        team_id=say.team,
        member_id=say.quoted(member_id),
        provider="'gitlab-self-managed'",
        oauth_client_id=say.id("oauth_client", "1"),
        origin="'https://git.example.com'",
        client_id="'id'",
        redirect_uri="'https://apps.example.com'",
        ticket_hash="'t' || i",
        status=_share({1: "'COMPLETED'"}, 50, "'EXPIRED'"),
        begun_at=say.moment("i"),
    )
    await put(
        "monitor_run",
        rows,
        team_id=say.team,
        monitor_id=f"CASE WHEN i % 10 = 0 THEN {monitor} ELSE {say.id('monitor', '1')} END",
        position="i",
        run_id="'r' || i",
        outcome="'PASSED'",
        started_at=say.moment("i"),
        duration_ms="1",
        request_count="1",
        test_count="1",
        failed_test_count="0",
        error_count="0",
        failures_json="'[]'",
        recorded_at=say.moment("i"),
    )
    await put(
        "delivery",
        rows,
        team_id=say.team,
        integration_id=f"CASE WHEN i % 10 = 0 THEN {integration} ELSE {say.id('integration', '1')} END",
        run_id=say.id("monitor_run", "i"),
        position="i",
        occasion="'RUN'",
        status=_share({501: "'FAILED'"}, 1000, "'DELIVERED'"),
        attempt_count="1",
        held_back="false",
        created_at=say.moment("i"),
    )
    await put(
        "delivery_attempt",
        rows,
        delivery_id=f"CASE WHEN i % 10 = 0 THEN {say.id('delivery', 'i')} ELSE {say.id('delivery', '1')} END",
        number="i",
        at=say.moment("i"),
        duration_ms="1",
        succeeded="true",
    )
    await put(
        "activity_delivery",
        rows,
        team_id=say.team,
        integration_id=f"CASE WHEN i % 10 = 0 THEN {integration} ELSE {say.id('integration', '1')} END",
        position="i",
        status=_share({501: "'FAILED'"}, 1000, "'DELIVERED'"),
        attempt_count="1",
        held_back="false",
        created_at=say.moment("i"),
        sequences="'[1]'",
        event_count="1",
    )
    await put(
        "event",
        rows,
        team_id=say.team,
        sequence="1000 + i",
        type=(
            "CASE WHEN i = 17 THEN 'INTEGRATION_EDITED' "
            "WHEN i % 3 = 0 THEN 'INTEGRATION_STATUS_CHANGED' ELSE 'DELIVERY_CREATED' END"
        ),
        occurred_at=say.moment("i"),
        actor_id=f"CASE WHEN i = 18 THEN {say.id('member', '2')} WHEN i % 5 = 0 THEN {say.id('member', '1')} ELSE NULL END",
        subject_id=f"CASE WHEN i % 3 = 0 OR i = 17 THEN {say.id('integration', '1')} ELSE {say.id('delivery', 'i')} END",
        summary="'So it is.'",
    )
    if not database.is_embedded(url):
        await look(url)


async def look(url: str) -> None:
    """Let the database look at what it has: a server does so by itself after a while, SQLite when somebody asks for it."""
    await ask(url, "ANALYZE" if database.is_embedded(url) else "VACUUM ANALYZE")


def _share(some: Mapping[int, str], of: int, other: str) -> str:
    cases = " ".join(f"WHEN i % {of} = {rest} THEN {value}" for rest, value in some.items())
    return f"CASE {cases} ELSE {other} END"


class _Words:
    """How each database says the same."""

    def __init__(self, embedded: bool, team_id: UUID) -> None:
        self._is_embedded = embedded
        self.team = f"CASE WHEN i % 100 = 99 THEN {self.quoted(OTHER_TEAM)} ELSE {self.quoted(team_id)} END"

    def quoted(self, value: UUID) -> str:
        return f"'{value}'" if self._is_embedded else f"'{value}'::uuid"

    def id(self, table: str, number: str) -> str:
        """Return the id of the row of that number, as `id_of` does."""
        place = f"({number}) * 2654435761 % 4294967296"
        if self._is_embedded:
            return f"printf('%08x-0000-4000-8{_KINDS[table]:03x}-%012x', {place}, {number})"
        first, last = (f"lpad(to_hex({value}), {width}, '0')" for value, width in ((place, 8), (f"({number})::bigint", 12)))
        return f"({first} || '-0000-4000-8{_KINDS[table]:03x}-' || {last})::uuid"

    def moment(self, seconds: str) -> str:
        if self._is_embedded:
            return f"strftime('%Y-%m-%d %H:%M:%S', 1767225600 + {seconds}, 'unixepoch') || '+00:00'"
        return f"to_timestamp(1767225600 + {seconds})"

    def series(self, count: int, columns: str) -> str:
        if not self._is_embedded:
            return f"SELECT {columns} FROM generate_series(1, {count}::bigint) AS n(i)"  # noqa: S608 - our own
        return f"""
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) SELECT {columns} FROM n"""  # noqa: S608 - as above
