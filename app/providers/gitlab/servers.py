"""Whether a self-managed GitLab answers at an address.

Sources: GitLab's "Version API" and lib/api/helpers.rb: nobody is told the version, but the refusal is in GitLab's own words, and
since 15.2 it carries X-Gitlab-Meta.
"""

from typing import Annotated

from pydantic import StringConstraints, TypeAdapter

from app.outbound import Response, Sender
from app.providers._http.answers import Answer, explain_silence, parse
from app.providers._http.statuses import sort_status
from app.providers.contract import Failure, Fault
from app.providers.gitlab.calls import API, read_said
from app.providers.hosting import Server

_UNTOLD = "unknown"


class _Version(Answer):
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,4}(?:\.[0-9A-Za-z-]{1,20}){1,4}$")]
    revision: str


_VERSION = TypeAdapter(_Version)


async def find_server(*, base_url: str, origin: str, certificates: str | None, outbound: Sender) -> Server | Failure:
    """Ask without any secret; the version is "unknown" where GitLab does not tell. REFUSED: something else answers there."""
    outcome = await API.ask_as_nobody(
        ("version",), endpoint="version", base_url=base_url, origin=origin, certificates=certificates, outbound=outbound
    )
    if not isinstance(outcome, Response):
        return explain_silence(outcome, server=API.server)
    if outcome.status == 200:  # noqa: PLR2004 - RFC 9110, section 15.3.1
        answer = await parse(outcome.body, _VERSION, server=API.server)
        return _NOT_THIS if isinstance(answer, Failure) else Server(answer.version, outcome.certificate)
    if outcome.status == 401 and _is_gitlabs(outcome):  # noqa: PLR2004 - RFC 9110, section 15.5.2
        return Server(_UNTOLD, outcome.certificate)
    return sort_status(outcome, server=API.server) or _NOT_THIS


def _is_gitlabs(response: Response) -> bool:
    return (read_said(response) or "").lower() == "401 unauthorized" or "x-gitlab-meta" in response.headers


_NOT_THIS = Failure(
    Fault.REFUSED,
    "No GitLab answers at this address: give the one that its pages have, with its relative root if it has one, without /api/v4.",
)
