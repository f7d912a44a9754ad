"""One call to a Git server's REST API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.outbound import Bearer, Endpoint, Outcome, Request, Sender
from app.providers._git.names import address
from app.providers.contract import Authorized


@dataclass(frozen=True)
class Api:
    """The REST API that a kind of Git server has.

    `server` is what the kind is called, `repository` what it calls a repository, and `folder` what its calls are counted as;
    `path` leads from a server's address to its API. The links of its lists may set the parameters `pages`; `headers` go with each
    call.
    """

    server: str
    folder: str
    path: str
    repository: str = "repository"
    pages: tuple[str, ...] = ("page",)
    headers: Mapping[str, str] = field(default_factory=dict)

    def of(self, base_url: str) -> str:
        """Return the address below which the API of the server at that address lies."""
        return f"{base_url}{self.path}"

    async def ask(
        self,
        segments: Sequence[str],
        query: Mapping[str, str] | None = None,
        *,
        endpoint: str,
        authorized: Authorized,
        outbound: Sender,
        method: str = "GET",
    ) -> Outcome:
        """Ask for what the segments name, for a grant; `endpoint` says which sort of thing that is."""
        request = Request(
            method,
            address(self.of(authorized.base_url), segments, query),
            headers=self.headers,
            credential=Bearer(authorized.access),
            endpoint=Endpoint(self.folder, endpoint),
        )
        return await outbound.send(request, origin=authorized.origin, certificates=authorized.certificates)

    async def ask_as_nobody(
        self, segments: Sequence[str], *, endpoint: str, base_url: str, origin: str, certificates: str | None, outbound: Sender
    ) -> Outcome:
        """Ask without any secret, of a server that nobody has signed in at."""
        url = address(self.of(base_url), segments)
        request = Request("GET", url, headers=self.headers, endpoint=Endpoint(self.folder, endpoint))
        return await outbound.send(request, origin=origin, certificates=certificates)
