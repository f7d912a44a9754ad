"""Statuses that speak for themselves, whatever stands in the body."""

from app.outbound import Response
from app.providers._http.waiting import read_retry_after
from app.providers.contract import Failure, Fault


def sort_status(response: Response, *, server: str) -> Failure | None:
    """Turn a 429 or a 5xx into a failure; None where the body decides. `server` is what its kind is called."""
    status, wait = response.status, read_retry_after(response.headers)
    if status == 429:  # noqa: PLR2004 - RFC 6585, section 4
        return explain_patience(status, server=server, wait=wait)
    if status >= 500:  # noqa: PLR2004 - RFC 9110, section 15.6
        return Failure(Fault.BROKEN, f"{server} has a fault of its own (HTTP {status}).", retry_after=wait)
    return None


def explain_patience(status: int, *, server: str, wait: float | None) -> Failure:
    """Return that too much was asked. `wait` is for how many seconds the server wants to be left alone, where it says so."""
    return Failure(Fault.BUSY, f"{server} asks to slow down (HTTP {status}).", retry_after=wait)
