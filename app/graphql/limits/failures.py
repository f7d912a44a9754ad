"""Failed authentications, counted by address.

Access tokens cannot be guessed, so nobody who comes with a good one is ever refused for what others at their address do: there
are many behind one office's, or a proxy's that is not named. It is the bad ones that are told to come back later.
"""

from starlette.requests import HTTPConnection

from app.access.callers import Caller
from app.errors import RateLimited, Unauthenticated
from app.graphql.transport.endpoint import Authenticate
from app.redis.rate_limits import Bucket
from app.services import Services
from app.web.client_address import client_network

MOST_FAILURES = 60
"""A minute, at one address."""


def counting_failures(authenticate: Authenticate, *, services: Services) -> Authenticate:
    """Return the same as `authenticate`, but RateLimited is raised in place of Unauthenticated where there were too many."""

    async def authenticate_and_count(connection: HTTPConnection, credential: str | None) -> Caller | None:
        try:
            return await authenticate(connection, credential)
        except Unauthenticated:
            await count_failure(connection, services=services)
            raise

    return authenticate_and_count


async def count_failure(connection: HTTPConnection, *, services: Services) -> None:
    """Count that a credential was not good. Raises RateLimited where the address has had too many such."""
    if services.rates is None:
        return
    network = client_network(connection, trusted=services.settings.trusted_proxies)
    [state] = await services.rates.take([Bucket(f"failures:{network}", MOST_FAILURES)], 1)
    if state.is_refused:
        services.meters.refused_by_rate("failures")
        seconds = services.rates.seconds_until(state.resets_at)
        raise RateLimited(
            f"From this address {MOST_FAILURES} credentials were not good within a minute, and this one is not either: "
            f"try another in {seconds} seconds.",
            retry_after=seconds,
        )
