"""One exchange with a server: a message goes out on a connection of its pool, and the answer is read within bounds."""

import asyncio
import ssl
from contextlib import aclosing

import httpcore2

from app.outbound.messages import BadAnswer, Cause, Headers, Response, Unreachable, Wire
from app.outbound.origins import Url

_MOST_HEADERS = 200
_MOST_PIECES = 10_000
_PIECES_IN_ONE_TURN = 100
# What has waited long for a connection is not sent: its time would end while the other side works, and the answer be lost.
_IN_LINE = {"timeout": {"pool": 3.0}}
_CUT_OFF = ("Server disconnected", "peer closed connection")


async def exchange(connections: httpcore2.AsyncConnectionPool, url: Url, wire: Wire, *, max_bytes: int) -> Response | BadAnswer:
    """Send the message and read its answer. Raises what `httpcore2` raises where there is none: see `explain`."""
    host, target = url.host.encode(), url.target.encode()
    there = httpcore2.URL(scheme=url.scheme.encode(), host=host, port=url.port, target=target)
    answer = await connections.handle_async_request(
        httpcore2.Request(wire.method, there, headers=wire.headers, content=wire.body, extensions=_IN_LINE),
    )
    try:
        if len(answer.headers) > _MOST_HEADERS:
            return BadAnswer(f"{url.origin} answered with more than {_MOST_HEADERS} headers")
        headers = Headers(answer.headers)
        if headers.get("content-encoding", "identity").lower() != "identity":
            return BadAnswer(f"{url.origin} answered compressed, though it was asked not to")
        certificate = _certificate_of(answer)
        body = await _read(answer, max_bytes)
    finally:
        await answer.aclose()
    if isinstance(body, str):
        return BadAnswer(f"{url.origin} answered {body}")
    return Response(status=answer.status, headers=headers, body=body, certificate=certificate)


def explain(error: Exception, url: Url) -> Unreachable | BadAnswer:
    """Return what an error on the way means."""
    # The library hands on what failed below a connection as the first argument of its own error.
    beneath = error.args[0] if isinstance(error, httpcore2.ConnectError) and error.args else error
    match beneath:
        case ssl.SSLCertVerificationError():
            return Unreachable(Cause.TLS, f"the certificate of {url.origin} is not accepted: {beneath.verify_message}")
        case ssl.SSLError():
            return Unreachable(Cause.TLS, f"{url.origin} does not speak TLS as it should")
    match error:
        case httpcore2.TimeoutException():
            return Unreachable(Cause.TIMEOUT, f"{url.origin} could not be connected to in time")
        case httpcore2.ConnectError():
            return Unreachable(Cause.CONNECT, f"{url.origin} could not be connected to")
        case httpcore2.RemoteProtocolError() if not str(error).startswith(_CUT_OFF):
            return BadAnswer(f"{url.origin} does not speak HTTP/1.1 as it should")
        case _:
            return Unreachable(Cause.RESET, f"{url.origin} broke the connection off")


def _certificate_of(answer: httpcore2.Response) -> bytes | None:
    """Return what the server has shown in the handshake of this answer's connection."""
    session = answer.extensions["network_stream"].get_extra_info("ssl_object")
    return session.getpeercert(binary_form=True) if session is not None else None


async def _read(answer: httpcore2.Response, max_bytes: int) -> bytes | str:
    """Return the body, or in words why it is not read to its end; what its headers say about its length is not trusted.

    Its pieces are counted too: each of them takes time, however little is in it.
    """
    body, count = bytearray(), 0
    async with aclosing(answer.aiter_stream()) as pieces:
        async for piece in pieces:
            body += piece
            count += 1
            if len(body) > max_bytes:
                return f"with more than {max_bytes} bytes"
            if count > _MOST_PIECES:
                return f"in more than {_MOST_PIECES} pieces"
            if count % _PIECES_IN_ONE_TURN == 0:
                await asyncio.sleep(0)
    return bytes(body)
