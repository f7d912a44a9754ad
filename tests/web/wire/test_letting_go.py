"""What belongs to a connection is let go of when it has ended: at once, and not when garbage is next collected."""

import gc
import time

import pytest
from websockets.frames import CLOSE

from app.web.wire.http_connection import HttpConnection
from app.web.wire.websocket_connection import WebSocketConnection
from tests.web.wire.talking import served
from tests.web.wire.test_floods import close_of, echo, frame, socket_to

SECONDS = 10.0


pytestmark = pytest.mark.usefixtures("no_collections")


@pytest.mark.parametrize("is_closed", [True, False], ids=["by a close", "by the connection's end"])
def test_a_socket_that_has_ended_leaves_nothing(is_closed: bool) -> None:
    before = kept()
    with served(echo) as place:
        for _ in range(5):
            with socket_to(place) as connection:
                if is_closed:
                    assert close_of(connection, frame(CLOSE, b"\x03\xe8"))[0] == 1000
        end = time.monotonic() + SECONDS
        while kept() > before and time.monotonic() < end:
            time.sleep(0.01)  # looked at again until they have gone

        assert kept() == before


def kept() -> int:
    """Return how many connections there are, garbage included."""
    return sum(type(each) in {HttpConnection, WebSocketConnection} for each in gc.get_objects())
