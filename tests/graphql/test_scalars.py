from datetime import UTC, datetime, timedelta, timezone

import pytest
from graphql import GraphQLError
from hypothesis import given, strategies as st

from app.graphql.scalars import format_moment, parse_moment, parse_url
from tests.graphql.tiny import World, schema

moments = st.datetimes(
    min_value=datetime.fromisoformat("1000-01-02"),
    max_value=datetime.fromisoformat("9998-12-30"),
    timezones=st.timezones() | st.just(UTC),
).filter(lambda moment: (moment.utcoffset() or timedelta()).seconds % 60 == 0)


@given(moments)
def test_a_moment_comes_back_in_utc_cut_to_milliseconds(moment: datetime) -> None:
    cut = moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)

    assert parse_moment(format_moment(moment)) == cut
    assert parse_moment(moment.isoformat()) == cut


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-21T10:00:00Z", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("2026-11-21t10:00:00.1z", datetime(2026, 11, 21, 10, 0, 0, 100_000, tzinfo=UTC)),
        ("2026-11-21T10:00:00.123999999+01:30", datetime(2026, 11, 21, 8, 30, 0, 123_000, tzinfo=UTC)),
        ("2026-11-21T10:00:00-00:00", datetime(2026, 11, 21, 10, tzinfo=UTC)),
    ],
)
def test_rfc_3339_is_understood(text: str, moment: datetime) -> None:
    assert parse_moment(text) == moment


def test_a_moment_is_written_with_three_digits_and_z() -> None:
    moment = datetime(2026, 11, 21, 11, 0, 0, 123_999, tzinfo=timezone(timedelta(hours=1)))

    assert format_moment(moment) == "2026-11-21T10:00:00.123Z"
    assert format_moment(datetime(2026, 11, 21, tzinfo=UTC)) == "2026-11-21T00:00:00.000Z"
    assert format_moment(datetime(1, 1, 1, 0, 0, 0, 999, tzinfo=UTC)) == "0001-01-01T00:00:00.000Z"
    assert format_moment(datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == "9999-12-31T23:59:59.999Z"


def test_a_moment_is_read_as_newman_writes_it() -> None:
    assert parse_moment(1_795_900_000_123) == datetime(2026, 11, 28, 21, 6, 40, 123000, tzinfo=UTC)


def test_a_moment_without_a_zone_is_never_written() -> None:
    with pytest.raises(ValueError, match="zone"):
        format_moment(datetime(2026, 11, 21))  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-21",
        "2026-11-21T10:00:00",
        "2026-11-21 10:00:00Z",
        "2026-11-21T10:00Z",
        "2026-02-30T10:00:00Z",
        "2026-13-01T10:00:00Z",
        "2026-11-21T24:00:00Z",
        "2026-11-21T10:00:60Z",
        "2026-11-21T10:00:00+01",
        "2026-11-21T10:00:00+0100",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "20261121T100000Z",
        "2026-W47-6T10:00:00Z",
        "2026-11-21T10:00:00,5Z",
        "\uff12026-11-21T10:00:00Z",
        "2026-11-21T10:00:00Z\n",
        "planted",
        1_763_719_200,
        1_763_719_200_000.0,
        253_402_300_800_000,
        -1_763_719_200_000,
        None,
        True,
    ],
)
def test_all_else_is_refused_without_a_word_of_it(value: object) -> None:
    with pytest.raises(GraphQLError) as refused:
        parse_moment(value)

    assert refused.value.message.startswith("DateTime has to be ")
    assert "planted" not in refused.value.message


@pytest.mark.parametrize(
    "text",
    [
        "https://git.example.com",
        "http://127.0.0.1:8010/gitlab",
        "https://[::1]:8443/",
        "https://git.example.com/a/b?c=d#e",
        "https://bücher.example/",
    ],
)
def test_an_absolute_address_is_taken_as_it_is(text: str) -> None:
    assert parse_url(text) == text


@pytest.mark.parametrize(
    "value",
    [
        "",
        "planted",
        "//planted.example",
        "/planted",
        "ftp://planted.example",
        "javascript:planted",
        "https:planted",
        "https://",
        "https:///planted",
        "https://planted.example:port",
        "https://planted.example:99999",
        "https://planted.example:0",
        "https://planted .example",
        "https://planted.example\n",
        " https://planted.example",
        "https://planted.example/\x00",
        "https://[planted",
        "https://planted.example\\@other.example",
        "https://planted.example/" + "a" * 3_000,
        5318008,
        ["https://planted.example"],
    ],
)
def test_what_is_no_absolute_address_is_refused_without_a_word_of_it(value: object) -> None:
    with pytest.raises(GraphQLError) as refused:
        parse_url(value)

    assert "planted" not in refused.value.message
    assert "5318008" not in refused.value.message


def test_the_schema_says_where_the_scalars_are_specified() -> None:
    sdl = schema().as_str()

    assert 'scalar DateTime @specifiedBy(url: "https://scalars.graphql.org/andimarek/date-time.html")' in sdl
    assert 'scalar URL @specifiedBy(url: "https://url.spec.whatwg.org/")' in sdl


async def test_both_go_in_and_out_of_an_operation() -> None:
    query = '{ scalars(at: "2026-11-21T11:00:00.5+01:00", url: "https://a.example") now }'

    async with World().client() as client:
        response = await client.post("/graphql", json={"query": query})

    assert response.json() == {
        "data": {"scalars": "2026-11-21T10:00:00.500000+00:00 https://a.example", "now": "2026-11-21T10:00:00.000Z"}
    }
