"""What clients ask: the documents, and how each asks and learns what became of it."""

import asyncio
import itertools
import json
import time
from dataclasses import dataclass, field
from random import Random

import httpx2

from app.graphql.execution.executor import LATE_CHANGE
from app.storage.outages import UNKNOWN
from tests.callers import socket_to
from tests.history.cluster import Team
from tests.history.records import JSON, Call, History, Outcome
from tests.journeys.soaking import CUT_OFF
from tests.processes import Service

CALL_SECONDS = 12.0

_ERRORS = "userErrors { code message }"
_MUTATION = "mutation ($input: {type}!) {{ {name}(input: $input) {{ {answer} {errors} }} }}"


def _mutation(name: str, answer: str) -> str:
    kind = f"{name[0].upper()}{name[1:]}Input"
    return _MUTATION.format(type=kind, name=name, answer=answer, errors=_ERRORS)


MUTATIONS = {
    name: _mutation(name, answer)
    for name, answer in {
        "recordMonitorRun": "run { id runId monitor { key } } deliveries { id status }",
        "addIntegration": "integration { id name isPaused }",
        "editIntegration": "integration { id name }",
        "pauseIntegration": "integration { id isPaused }",
        "resumeIntegration": "integration { id isPaused }",
        "deleteIntegration": "deletedIntegrationId",
        "addInstalledApp": "installedApp { id name }",
        "editInstalledApp": "installedApp { id name }",
        "deleteInstalledApp": "deletedInstalledAppId",
        "addTeamMember": "member { id name role }",
        "changeTeamMemberRole": "member { id role }",
        "removeTeamMember": "removedTeamMember { id }",
    }.items()
}
READ = """
query ($ids: [ID!]!) {
  eventCursor
  integrations(first: 100) { nodes { id name isPaused } }
  installedApps(first: 100) { nodes { id name } }
  nodes(ids: $ids) {
    id ... on Integration { name isPaused } ... on InstalledApp { name } ... on MonitorRun { runId } ... on TeamMember { leftAt }
  }
  events(last: 10) { nodes { id cursor sequence type subjectId summary } }
  viewer { team { members(first: 100) { nodes { id name role } } } }
}"""


@dataclass
class Caller:
    """A client that asks one thing after the other, at any server, and writes down what it was told."""

    name: str
    team: Team
    token: str
    servers: list[Service]
    random: Random
    history: History
    http: httpx2.AsyncClient
    _ids: "itertools.count[int]" = field(default_factory=itertools.count)

    async def write(self, name: str, asked: JSON, **shown: object) -> Call:
        """Ask for a mutation. `shown` is what the history keeps of what was asked, where that differs."""
        return await self._ask(name, MUTATIONS[name], {"input": asked}, kept={**asked, **shown})

    async def read(self, *ids: str, server: int | None = None) -> Call:
        """Read the team, and what of these ids there is."""
        return await self._ask("read", READ, {"ids": list(ids)}, kept={"ids": list(ids)}, server=server)

    async def _ask(self, name: str, document: str, variables: JSON, *, kept: JSON, server: int | None = None) -> Call:
        number = self.random.randrange(len(self.servers)) if server is None else server
        over_socket = self.random.random() < _BY_SOCKET
        begun = time.time()
        outcome, answer, codes = Outcome.UNKNOWN, JSON(), tuple[str, ...]()
        try:
            async with asyncio.timeout(CALL_SECONDS):
                if over_socket:
                    body = await self._ask_over_socket(self.servers[number].url, document, variables)
                else:
                    body = await self._ask_over_http(self.servers[number].url, document, variables)
        except (httpx2.ConnectError, ConnectionRefusedError):
            outcome = Outcome.REFUSED  # it was never sent
        except (*CUT_OFF, TimeoutError, AssertionError):
            pass
        else:
            outcome, answer, codes = judge(name, body)
        call = Call(
            client=self.name,
            team=self.team.label,
            server=number,
            name=name,
            asked=kept,
            begun=begun,
            ended=time.time(),
            outcome=outcome,
            answer=answer,
            codes=codes,
        )
        self.history.calls.append(call)
        return call

    async def _ask_over_http(self, url: str, document: str, variables: JSON) -> JSON:
        response = await self.http.post(
            f"{url}/graphql",
            json={"query": document, "variables": variables},
            headers={"authorization": f"Bearer {self.token}"},
        )
        try:
            body: JSON = response.json()
        except json.JSONDecodeError:
            return {"errors": [{"message": response.text, "extensions": {"code": f"HTTP_{response.status_code}"}}]}
        return body

    async def _ask_over_socket(self, url: str, document: str, variables: JSON) -> JSON:
        async with socket_to(url, self.token) as socket:
            await socket.begin(document, **variables)
            message = await socket.receive()
            body: JSON = message["payload"] if message["type"] == "next" else {"errors": message["payload"]}
            return body


_BY_SOCKET = 0.2


def _says_undone(error: JSON) -> bool:
    """Whether the error is the mutation's own, rather than of something in its payload, and says that nothing was saved."""
    is_own = len(error.get("path", [])) <= 1
    return is_own and error.get("extensions", {}).get("code") == "UNAVAILABLE" and error["message"] not in {UNKNOWN, LATE_CHANGE}


def judge(name: str, body: JSON) -> tuple[Outcome, JSON, tuple[str, ...]]:
    """Return what the answer means for what was asked, and the codes of what went wrong."""
    errors = body.get("errors", [])
    if errors:
        codes = tuple(str(error.get("extensions", {}).get("code")) for error in errors)
        return (Outcome.REFUSED if all(map(_says_undone, errors)) else Outcome.UNKNOWN), {}, codes
    answer = body["data"] if name == "read" else body["data"][name]
    if name == "read":
        return Outcome.OK, {**answer, "members": answer.pop("viewer")["team"]["members"]}, ()
    refused = tuple(error["code"] for error in answer["userErrors"])
    return (Outcome.REFUSED if refused else Outcome.OK), answer, refused
