"""A bare broadcast, to compare with: uvicorn, and no more of an application than has to be there.

Whoever connects listens. The body of a POST goes to all of them, as it is.
"""

import resource
import sys
from typing import Any

import uvicorn

_sends: dict[int, Any] = {}


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await _listen(receive, send)
    elif scope["type"] == "http":
        text = (await receive())["body"].decode()
        for tell in list(_sends.values()):
            await tell({"type": "websocket.send", "text": text})
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def _listen(receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept", "subprotocol": "graphql-transport-ws"})
    while (message := await receive())["type"] != "websocket.disconnect":
        if id(send) not in _sends:
            _sends[id(send)] = send
            await send({"type": "websocket.send", "text": message["text"]})
    _sends.pop(id(send), None)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    uvicorn.run(
        application,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_level="warning",
        lifespan="off",
        backlog=4096,
    )
