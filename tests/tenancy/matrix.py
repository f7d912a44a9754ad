"""Asking at every place with every value as everybody, and what of it must not be."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

from graphql import GraphQLSchema

from app.graphql.streams import LogCursors
from app.installed_apps.models import InstalledApp, InstalledAppStatus
from app.integrations.kinds.post_monitoring_results.models import MonitoringPost
from app.integrations.models import Integration
from tests.installed_apps.world import World, gid
from tests.sign_ins.world import write
from tests.tenancy.door import Answer, Door
from tests.tenancy.kept import NOTED, Kept, changes, rows_by_team
from tests.tenancy.places import Place
from tests.tenancy.questions import question
from tests.tenancy.rows import ROWS, Naming, Own, Row, row_of
from tests.tenancy.teams import Things, Who
from tests.tenancy.values import NOT_THERE, Cursors, Value, own_of, right, values_of

_ECHO = b"(what was asked for)"
_ADDING = {"AddInstalledAppPayload", "AddIntegrationPayload"}
_REACHED_BY_CHANGING = {"DeleteInstalledAppPayload", *_ADDING}
"""What lies behind this is reached by a mutation that has succeeded."""

_LIKE_THE_APPS = {"DeleteInstalledAppPayload", "ReauthenticateIntegrationsPayload"}
"""Lists of integrations whose cursors are those of an installed app's."""


@dataclass
class Matrix:
    """`findings` says what must not be, place by place; `answers` counts."""

    schema: GraphQLSchema
    world: World
    door: Door
    ours: Things
    theirs: Things
    thorough: bool
    findings: list[str] = field(default_factory=list)
    answers: int = 0
    _refused: dict[Place, Answer] = field(default_factory=dict)

    async def walk(self, places: Sequence[Place]) -> None:
        """Look at every place; then see that each of them is answered otherwise where what is asked for is there."""
        self.findings += [f"{place} has no row in `rows.ROWS`" for place in places if row_of(place) is None]
        rows = {place: row for place in places if (row := row_of(place)) is not None}
        cursors = {place: await self._cursors_of(place, row) for place, row in rows.items()}
        await self.door.settle()
        kept = await rows_by_team()
        for place, row in rows.items():
            await self._ask_everything(place, row, cursors[place])
            await self.door.settle()
            before, kept = kept, await rows_by_team()
            self.findings += [f"{place} changed {change}" for change in self._changes(place, before, kept)]
        for place in sorted(rows, key=_by_order_of_rows):
            await self._find(place, rows[place], cursors[place])

    async def _ask_everything(self, place: Place, row: Row, cursors: Cursors | None) -> None:
        values = values_of(row, self.ours, self.theirs, cursors=cursors, thorough=self.thorough)
        for who in Who:
            answers = [(value, await self._ask(place, row, value.text, who=who)) for value in values]
            self.findings += [f"{place} as {who}: {difference}" for difference in _differences(answers)]
            if place.takes_list:
                there = right(row, self.ours, cursors=cursors)
                mixed = [(value, await self._ask(place, row, value.text, there, who=who)) for value in values]
                self.findings += [f"{place} beside what is there as {who}: {it}" for it in _differences(mixed)]
            if who is row.who:
                self._refused[place] = next(answer for value, answer in answers if value.group == NOT_THERE)

    def _changes(self, place: Place, before: Kept, after: Kept) -> Iterator[str]:
        for owner in before.keys() | after.keys():
            is_own = owner == self.ours.people.team_id
            if is_own and place.type in _REACHED_BY_CHANGING:
                continue
            rows, passing = (before.get(owner, {}), after.get(owner, {})), NOTED if is_own else {}
            yield from (f"{'its own' if is_own else 'not its own'}: {change}" for change in changes(*rows, passing=passing))

    async def _find(self, place: Place, row: Row, cursors: Cursors | None) -> None:
        answer = await self._ask(place, row, right(row, self.ours, cursors=cursors), who=row.who)
        if answer == self._refused[place]:
            self.findings.append(f"{place} as {row.who}: what is there is answered like what is not: {answer.body!r}")
        if row.right == "cursor" and "errors" in answer.json:
            self.findings.append(f"{place} as {row.who}: the list's own cursor is refused: {answer.body!r}")

    async def _ask(self, place: Place, row: Row, text: str, *more: str, who: Who) -> Answer:
        """Return the answer to `text`, and `more` where the place takes several; what was asked for is not named in it."""
        arguments = _arguments({**row.beside, ".".join(place.path): [text, *more] if place.takes_list else text})
        answer = await self._put(place, arguments, things=self.ours, who=who)
        return replace(answer, body=answer.body.replace(text.encode(), _ECHO)) if text and not more else answer

    async def _put(self, place: Place, arguments: Mapping[str, Any], *, things: Things, who: Who) -> Answer:
        asked = question(self.schema, place, arguments=arguments)
        variables = await self._resolved(arguments, things=things, who=who)
        if asked.starts_at is not None and "$own" in asked.document:
            variables["own"] = await self._resolved(Own(asked.starts_at), things=things, who=who)
        put = self.door.listen if asked.is_subscription else self.door.ask
        self.answers += 1
        answer = await put(things.tokens.get(who), asked.document, variables)
        if place.type in _ADDING:
            await self._forget_added(things)
        return answer

    async def _resolved(self, value: Any, *, things: Things, who: Who) -> Any:
        match value:
            case Own("start of log"):
                return LogCursors(things.people.team_id).write([0])
            case Own("app to delete"):
                return gid("InstalledApp", await self._make_app(things))
            case Own("fresh sign-in"):
                return gid("Authorization", await self._sign_in_anew(things))
            case Own(name):
                return own_of(things, name, who=who)
            case dict():
                return {name: await self._resolved(each, things=things, who=who) for name, each in value.items()}
            case _:
                return value

    async def _make_app(self, things: Things) -> UUID:
        """Return an installed app that nothing else knows of, to be deleted."""
        key, now = uuid4(), self.world.clock.now()
        await write(
            lambda: InstalledApp.create(
                id=key,
                team_id=things.people.team_id,
                provider="slack",
                name="Spare",
                connected_to="Spare",
                account_id="T0SPARE",
                origin=self.world.sandbox.url,
                status=InstalledAppStatus.ACTIVE,
                created_at=now,
                updated_at=now,
            )
        )
        return key

    async def _sign_in_anew(self, things: Things) -> UUID:
        """Return a finished sign-in of the admin's at a workspace that the team shares no more."""
        return await self.world.sign_in(things.people.ada, "Initech")

    async def _forget_added(self, things: Things) -> None:
        """Take away what such a sign-in was put to use for: the next one adds it anew, and lists are what they were."""

        async def forget() -> None:
            shared = InstalledApp.filter(team_id=things.people.team_id, connected_to="Initech", deleted_at__isnull=True)
            for app in await shared:
                for integration in await Integration.filter(installed_app_id=app.id):
                    await MonitoringPost.filter(integration_id=integration.id).delete()
                    await integration.delete()
                await app.delete()

        await write(forget)

    async def _cursors_of(self, place: Place, row: Row) -> Cursors | None:
        if row.right != "cursor":
            return None
        another = Place("Team", "members", ("after",), takes_list=False, takes_cursor=True)
        if place.owner == another.owner:
            another = Place("Query", "monitors", ("after",), takes_list=False, takes_cursor=True)
        of_another_list = await self._cursor(another, self.ours)
        if row.naming is Naming.LOG:
            own, foreign = (LogCursors(each.people.team_id).write([1]) for each in (self.ours, self.theirs))
            return Cursors(own, foreign, of_another_list)
        return Cursors(await self._cursor(place, self.ours), await self._cursor(place, self.theirs), of_another_list)

    async def _cursor(self, place: Place, things: Things) -> str:
        """Return the cursor of the first thing in the list, as the admin of that team is shown it."""
        if place.type in _LIKE_THE_APPS:
            place = Place("InstalledApp", "integrations", place.path, takes_list=False, takes_cursor=True)
        answer = await self._put(place, {"first": 1}, things=things, who=Who.ADMIN)
        found = [value for value in _named("endCursor", answer.json) if isinstance(value, str)]
        assert found, (str(place), answer)
        return found[0]


def _by_order_of_rows(place: Place) -> int:
    names = list(ROWS)
    return names.index(str(place)) if str(place) in names else -1


def _arguments(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the field's arguments from values by their paths."""
    arguments: dict[str, Any] = {}
    for path, value in given.items():
        *before, last = path.split(".")
        inside = arguments
        for name in before:
            inside = inside.setdefault(name, {})
        inside[last] = value
    return arguments


def _differences(answers: Sequence[tuple[Value, Answer]]) -> Iterator[str]:
    groups: dict[str, list[tuple[Value, Answer]]] = defaultdict(list)
    for value, answer in answers:
        groups[value.group].append((value, answer))
        if answer.status >= 500 or b"INTERNAL" in answer.body:
            yield f"{value.kind} ({value.text[:80]!r}): {answer.status} {answer.body!r}"
    for group in groups.values():
        first, expected = group[0]
        for value, answer in group[1:]:
            if answer != expected:
                yield f"{value.kind} ({value.text[:80]!r}) is answered {answer}, and {first.kind} {expected}"


def _named(name: str, answer: Any) -> Iterator[Any]:
    match answer:
        case dict():
            for key, value in answer.items():
                if key == name:
                    yield value
                yield from _named(name, value)
        case list():
            for value in answer:
                yield from _named(name, value)
