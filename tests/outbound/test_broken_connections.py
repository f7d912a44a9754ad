"""A connection that the other side broke off at once is told as such, not as a fault of ours."""

from typing import Any

import httpcore2

from app.outbound.connections import _TidyStream


class Gone(httpcore2.AsyncNetworkStream):
    """As anyio's stream is whose socket is gone: it asks None for its peer."""

    def get_extra_info(self, info: str) -> Any:
        del info
        raise AttributeError("'NoneType' object has no attribute 'getpeername'")


def test_nothing_is_known_of_a_connection_whose_socket_is_gone() -> None:
    assert _TidyStream(Gone()).get_extra_info("ssl_object") is None
