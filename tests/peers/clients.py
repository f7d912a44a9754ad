"""GraphQL clients that others wrote, each a process that says in lines of JSON what it meets."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

JSON = dict[str, Any]

PATIENCE_SECONDS = 30.0

QUERY = "query Me { viewer { member { name } } }"
MUTATION = """
mutation Add($input: AddTeamMemberInput!) {
  addTeamMember(input: $input) { member { name } userErrors { code message } }
}"""
SUBSCRIPTION = "subscription Log($after: String) { eventRecorded(after: $after) { sequence cursor } }"

OVER_WEBSOCKETS = {
    "graphql-ws": ("node", "ws.mjs"),
    "urql over graphql-ws": ("node", "urql_ws.mjs"),
    "gql": (sys.executable, "-m", "tests.peers.gql_client"),
}
OVER_EVENT_STREAMS = {
    "graphql-sse": ("node", "sse.mjs"),
    "urql": ("node", "urql.mjs"),
}
EVERY = {**OVER_WEBSOCKETS, **OVER_EVENT_STREAMS}


@dataclass
class Client:
    """A running client. `said` is all that was heard of it so far."""

    name: str
    process: asyncio.subprocess.Process
    said: list[JSON] = field(default_factory=list)

    def all_of(self, kind: str) -> list[Any]:
        """Return what it said of that kind, in order."""
        return [line[kind] for line in self.said if kind in line]

    async def hear(self, enough: Callable[["Client"], bool]) -> None:
        """Listen until that is true of the client."""
        assert self.process.stdout is not None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not enough(self):
                    line = await self.process.stdout.readline()
                    if not line:
                        raise AssertionError(f"{self.name} ended: {self.said[-10:]}")
                    self.said.append(json.loads(line))
        except TimeoutError:
            raise AssertionError(f"{self.name} said no more than {self.said[-10:]}") from None


@asynccontextmanager
async def running(name: str, *, folder: Path, asked: JSON) -> AsyncIterator[Client]:
    """Start the client, which does what it is asked: query, mutation, subscription. It is ended at the end."""
    program = EVERY[name]
    process = await asyncio.create_subprocess_exec(
        *program,
        json.dumps(asked),
        cwd=folder if program[0] == "node" else None,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Client(name, process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def asked_of(name: str, *, url: str, token_file: Path, after: str) -> JSON:
    """Return what a client is asked to do, in the words of graphql/conversation.mjs."""
    person = {"name": name, "email": f"{name.replace(' ', '-')}@example.com", "role": "VIEWER"}
    return {
        "url": f"{url}/graphql",
        "tokenFile": str(token_file),
        "query": QUERY,
        "mutation": MUTATION,
        "input": person,
        "subscription": SUBSCRIPTION,
        "after": after,
    }


async def hear_all(clients: Sequence[Client], enough: Callable[[Client], bool]) -> None:
    await asyncio.gather(*(client.hear(enough) for client in clients))
