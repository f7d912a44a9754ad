"""gql, the Python client, as one of the programs: `python -m tests.peers.gql_client ASKED`, as in graphql/conversation.mjs.

Queries and mutations over HTTP and over a WebSocket, the subscription over a WebSocket.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from gql import Client, GraphQLRequest
from gql.transport.exceptions import TransportError
from gql.transport.requests import RequestsHTTPTransport
from gql.transport.websockets import WebsocketsTransport
from websockets.exceptions import ConnectionClosed

NOT_SIGNED_IN = 4401


async def main(asked: dict[str, Any]) -> None:
    say(query=await asyncio.to_thread(_ask, asked, GraphQLRequest(asked["query"])))
    say(mutation=await asyncio.to_thread(_ask, asked, _mutation(asked)))
    await _listen(asked)


def say(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _mutation(asked: dict[str, Any]) -> GraphQLRequest:
    return GraphQLRequest(asked["mutation"], variable_values={"input": asked["input"]})


def _ask(asked: dict[str, Any], request: GraphQLRequest) -> dict[str, Any]:
    transport = RequestsHTTPTransport(asked["url"], headers={"Authorization": _authorization(asked)})
    return {"data": Client(transport=transport).execute(request)}


async def _listen(asked: dict[str, Any]) -> None:
    variables = {"after": asked["after"]}
    while True:
        transport = WebsocketsTransport(
            asked["url"].replace("http", "ws", 1), init_payload={"authorization": _authorization(asked)}
        )
        try:
            async with Client(transport=transport) as session:
                say(connected=True)
                async for result in session.subscribe(GraphQLRequest(asked["subscription"], variable_values=variables)):
                    variables["after"] = result["eventRecorded"]["cursor"]
                    say(event=result["eventRecorded"]["sequence"])
                say(completed=True)
                return
        except (TransportError, ConnectionClosed, OSError) as error:
            code = _close_code(error)
            say(closed=code)
            if code == NOT_SIGNED_IN:
                say(gaveUp=code)
                return
        await asyncio.sleep(0.1)


def _close_code(error: BaseException | None) -> int | None:
    while error is not None:
        if isinstance(error, ConnectionClosed):
            return error.rcvd.code if error.rcvd else None
        error = error.__cause__ or error.__context__
    return None


def _authorization(asked: dict[str, Any]) -> str:
    return f"Bearer {Path(asked['tokenFile']).read_text()}"


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
