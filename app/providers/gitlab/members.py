"""How long someone is a member of a project at GitLab.

Source: GitLab's "Members API": `members/all` has inherited memberships too; access ends at the beginning of the day `expires_at`.
"""

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import PlainValidator, TypeAdapter

from app.outbound import Sender
from app.providers._http.answers import Answer, Number
from app.providers.contract import Authorized, Failure
from app.providers.gitlab.calls import API, read_answer
from app.providers.gitlab.projects import locate
from app.providers.hosting import AccessEnd


def _read_day(value: object) -> date | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError("no day")  # noqa: TRY004 - pydantic's own refusal
    return date.fromisoformat(value)


class _Membership(Answer):
    id: Number
    expires_at: Annotated[date | None, PlainValidator(_read_day)]


_MEMBERSHIP = TypeAdapter(_Membership)


async def find_access_end(
    *, authorized: Authorized, repository_id: str, account_id: str, outbound: Sender
) -> AccessEnd | Failure:
    """Return when the account's membership ends. TARGET_GONE: it has none, as with what everybody may see."""
    place = locate(repository_id)
    if isinstance(place, Failure):
        return place
    outcome = await API.ask(
        (*place, "members", "all", account_id), endpoint="membership", authorized=authorized, outbound=outbound
    )
    found = await read_answer(outcome, _MEMBERSHIP, base_url=authorized.base_url)
    if isinstance(found, Failure):
        return found
    ends = found.expires_at
    return AccessEnd(datetime(ends.year, ends.month, ends.day, tzinfo=UTC) if ends is not None else None)
