"""Whether a GitHub Enterprise Server answers at an address.

Sources: GitHub Enterprise Server's REST reference "Meta"; every answer of its API carries X-GitHub-Enterprise-Version. With
private mode on, the answer to nobody is a 401, with the same header.
"""

import re
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter

from app.outbound import Response, Sender
from app.providers._http.answers import Answer, explain_silence, parse
from app.providers.contract import Failure, Fault
from app.providers.github.calls import API, sort_refusal
from app.providers.hosting import Server

_VERSION = re.compile(r"[0-9]{1,4}(?:\.[0-9A-Za-z-]{1,20}){1,4}")


class _Meta(Answer):
    installed_version: Annotated[str, StringConstraints(pattern=rf"^{_VERSION.pattern}$")]


_META = TypeAdapter(_Meta)


async def find_server(*, base_url: str, origin: str, certificates: str | None, outbound: Sender) -> Server | Failure:
    """Ask without any secret. REFUSED: something else answers there."""
    outcome = await API.ask_as_nobody(
        ("meta",), endpoint="meta", base_url=base_url, origin=origin, certificates=certificates, outbound=outbound
    )
    if not isinstance(outcome, Response):
        return explain_silence(outcome, server=API.server)
    version = outcome.headers.get("x-github-enterprise-version", "")
    if _VERSION.fullmatch(version) and outcome.status in {200, 401, 403}:
        return Server(version, outcome.certificate)
    if outcome.status == 200:  # noqa: PLR2004 - RFC 9110, section 15.3.1
        meta = await parse(outcome.body, _META, server=API.server)
        return _NOT_THIS if isinstance(meta, Failure) else Server(meta.installed_version, outcome.certificate)
    failure = sort_refusal(outcome, base_url=base_url)
    return failure if outcome.status >= 500 or failure.fault is Fault.BUSY else _NOT_THIS  # noqa: PLR2004 - RFC 9110, 15.6


_NOT_THIS = Failure(
    Fault.REFUSED,
    "No GitHub Enterprise Server answers at this address: give the one that its pages have, without /api/v3.",
)
