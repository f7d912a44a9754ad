"""What rows and the clock say of what will stop."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.forecasts.causes import Prospect, Standing, known_end, prospects
from app.forecasts.models import ForecastCode
from app.sign_ins.models import Grant, OAuthClient
from tests.held import HeldClock

NOW = HeldClock().now()
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
GITHUB, GITLAB, SLACK = "github-enterprise-server", "gitlab-self-managed", "slack"


def grant_of(provider: str = GITLAB, **columns: Any) -> Grant:
    told = {
        "id": uuid4(),
        "provider": provider,
        "scope_names": "api",
        "created_at": NOW,
        "sealed_refresh": b"sealed",
        "expires_at": NOW + 2 * HOUR,
    }
    return Grant(**{**told, **columns})


def client_of(**columns: Any) -> OAuthClient:
    return OAuthClient(id=uuid4(), provider=GITLAB, **columns)


def at(now: datetime = NOW, **rows: Any) -> dict[ForecastCode, Prospect]:
    return prospects(Standing("Acme", now, **rows))


def dates(found: dict[ForecastCode, Prospect]) -> dict[ForecastCode, tuple[datetime | None, datetime | None]]:
    return {code: (each.at, each.begins) for code, each in found.items()}


def test_nothing_is_known_of_what_is_renewed_by_itself() -> None:
    assert at(grant=grant_of(), client=client_of()) == {}


def test_tokens_that_nothing_renews_end_when_they_say() -> None:
    ends = NOW + 60 * DAY

    found = at(grant=grant_of(sealed_refresh=None, expires_at=ends))

    assert dates(found) == {ForecastCode.AUTHORIZATION_EXPIRES: (ends, ends - 30 * DAY)}


def test_tokens_that_last_have_no_end() -> None:
    assert at(grant=grant_of(sealed_refresh=None, expires_at=None)) == {}


def test_a_refresh_token_with_an_end_ends_the_grant_and_not_before_its_access_token() -> None:
    early, late = NOW + HOUR, NOW + 180 * DAY

    assert at(grant=grant_of(refresh_ends_at=late))[ForecastCode.AUTHORIZATION_EXPIRES].at == late
    assert at(grant=grant_of(refresh_ends_at=early))[ForecastCode.AUTHORIZATION_EXPIRES].at == NOW + 2 * HOUR


@pytest.mark.parametrize(("refusals", "codes"), [(None, []), (1, []), (2, ["RENEWAL_REFUSED"]), (7, ["RENEWAL_REFUSED"])])
def test_two_refusals_in_a_row_say_that_it_works_as_long_as_its_access_token(refusals: int | None, codes: list[str]) -> None:
    found = at(grant=grant_of(refusals=refusals))

    assert list(found) == codes
    assert [each.at for each in found.values()] == [NOW + 2 * HOUR for _ in codes]


def test_a_scope_that_is_needed_and_was_not_granted_has_no_date() -> None:
    found = at(grant=grant_of(scope_names="read_user"))

    assert dates(found) == {ForecastCode.MISSING_SCOPES: (None, None)}
    assert "lacks api" in found[ForecastCode.MISSING_SCOPES].message


def test_certificates_end_when_they_say() -> None:
    server, authority = NOW + 40 * DAY, NOW + 50 * DAY

    found = at(client=client_of(certificate_ends_at=server, trust_ends_at=authority))

    assert dates(found) == {
        ForecastCode.SERVER_CERTIFICATE_EXPIRES: (server, server - 30 * DAY),
        ForecastCode.CA_CERTIFICATE_EXPIRES: (authority, authority - 30 * DAY),
    }


def test_access_that_a_provider_has_bounded_ends_then() -> None:
    ends = NOW + 10 * DAY

    assert dates(at(access_ends_at=ends)) == {ForecastCode.ACCESS_EXPIRES: (ends, ends - 30 * DAY)}


def test_github_ends_what_it_has_not_accepted_for_a_year_which_is_said_after_ninety_days() -> None:
    grant = grant_of(GITHUB, scope_names="repo read:org", expires_at=None, last_used_at=NOW + DAY, last_checked_at=NOW + 2 * DAY)

    before = at(NOW + 92 * DAY - timedelta(milliseconds=1), grant=grant)
    after = at(NOW + 92 * DAY, grant=grant)

    assert ForecastCode.UNUSED not in before
    assert dates(after)[ForecastCode.UNUSED] == (NOW + 367 * DAY, NOW + 92 * DAY)


@pytest.mark.parametrize("provider", [GITLAB, SLACK])
def test_others_end_nothing_for_want_of_use(provider: str) -> None:
    assert ForecastCode.UNUSED not in at(NOW + 300 * DAY, grant=grant_of(provider))


def test_the_first_date_is_the_one_by_which_it_stops() -> None:
    client = client_of(certificate_ends_at=NOW + 300 * DAY, trust_ends_at=NOW + 200 * DAY)

    assert known_end(Standing("Acme", NOW, client=client)) == NOW + 200 * DAY
    assert known_end(Standing("Acme", NOW, grant=grant_of())) is None
