"""What INSTALLED_APPS_DATABASE_URL may say, and what is said of one that cannot be used."""

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from app.errors import ConfigurationError
from app.storage import database
from app.storage.addresses import ServerAddress, check_files, read_address

ENCODE = (
    "INSTALLED_APPS_DATABASE_URL: percent-encode what a user, a password, a name or a path in it has of / [ ] # ? % and control "
    "characters (/ is %2F, % is %25)."
)
LOOK = (
    "INSTALLED_APPS_DATABASE_URL must be sqlite:///path/to/file or postgres://user:password@host:port/name, with nothing behind "
    "it but sslmode, sslrootcert, sslcert, sslkey, target_session_attrs, host."
)


def test_every_part_is_read() -> None:
    address = read_address(
        "postgresql://a%40b:p%2F%5B%5D%23%3F%25@one.example.com:6432,[2001:db8::1]/n%20m?target_session_attrs=read-write&sslmode=require"
    )

    assert address == ServerAddress(
        hosts=(("one.example.com", 6432), ("2001:db8::1", 5432)),
        user="a@b",
        password="p/[]#?%",
        database="n m",
        parameters={"target_session_attrs": "read-write", "sslmode": "require"},
    )
    assert "p/[]" not in repr(address)


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgres://u@db/name", (("db", 5432),)),
        ("postgres://u:p@ss@my_db/name", (("my_db", 5432),)),
        ("postgres:///name?host=/run/postgresql", (("/run/postgresql", 5432),)),
        ("postgres://u@:5433/name?host=/run/postgresql", (("/run/postgresql", 5433),)),
        ("postgres://u@%2Frun%2Fpostgresql/name", (("/run/postgresql", 5432),)),
        ("postgres:///name?host=one,two", (("one", 5432), ("two", 5432))),
    ],
)
def test_hosts_are_named_before_the_path_or_by_a_parameter(url: str, hosts: object) -> None:
    assert read_address(url).hosts == hosts


@pytest.mark.parametrize("sign", ["/", "[", "]", "#", "?", "%", "%zz", "%ff", "\x7f", "\n", "%00"])
@pytest.mark.parametrize("place", ["postgres://u:s3c{}ret@db/name", "postgres://u:s3cret{}@db:5432/name?sslmode=require"])
def test_a_password_that_is_not_encoded_is_told_so_and_not_shown(place: str, sign: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_address(place.format(sign))

    assert refused.value.message == ENCODE


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("connect_timeout=3", "the parameter connect_timeout is not one that can be used here: "),
        ("sslmode=require&channel_binding=require", "the parameter channel_binding is not one that can be used here: "),
        ("options=-csearch_path=x", "the parameter options is not one that can be used here: "),
        ("S3CRET=x", "it has a parameter that is none of those that can be used here: "),
        ("sslmode=verify_full", "sslmode must be one of disable, allow, prefer, require, verify-ca, verify-full."),
        ("sslmode=verify-full", "sslmode=verify-full needs sslrootcert, a file with the certificates that are trusted."),
        ("sslcert=/a", "sslcert and sslkey are set both, or neither of them."),
        ("target_session_attrs=writer", "target_session_attrs must be one of any, primary, standby, "),
        ("sslmode=require&sslmode=disable", "the parameter sslmode must stand there once, with a value."),
        ("sslmode", "the parameter sslmode must stand there once, with a value."),
        ("host=/tmp", "it has a host of its own and the parameter host: name it in one place."),
    ],
)
def test_a_parameter_that_would_do_nothing_is_refused_by_its_name(query: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_address(f"postgres://u:s3cret@db/name?{query}")

    assert refused.value.message.startswith(f"INSTALLED_APPS_DATABASE_URL: {message}")
    assert "s3cret" not in refused.value.message.lower()


@pytest.mark.parametrize(
    "url",
    [
        *("mysql://u:s3cret@db/name", "postgres://u:s3cret@db", "postgres://u:s3cret@db/", "postgres://u:s3cret@/name"),
        *("postgres://u:s3cret@db:0/name", "postgres://u:s3cret@db:99999/name", "postgres://u:s3cret@db:x/name"),
        *("postgres://u:s3cret@[::1/name", "postgres://u:s3cret@a..b/name", "postgres://u:s3cret@db,/name"),
        *("postgres://u:s3cret@db/one/two", f"postgres://u:s3cret@{'a' * 64}/name", f"postgres://u:s3cret@db/{'a' * 5000}"),
    ],
)
def test_what_is_no_address_is_shown_one(url: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_address(url)

    assert refused.value.message == LOOK


def test_a_file_that_cannot_be_used_is_named_by_its_parameter(tmp_path: Path) -> None:
    (tmp_path / "odd").write_text("no certificate")

    said = []
    for name in ("odd", "absent"):
        with pytest.raises(ConfigurationError) as refused:
            check_files(read_address(f"postgres://u@db/name?sslmode=verify-full&sslrootcert={tmp_path / name}"))
        said.append(refused.value.message)
    with pytest.raises(ConfigurationError) as refused:
        check_files(read_address(f"postgres://u@db/name?sslcert={tmp_path / 'odd'}&sslkey={tmp_path / 'odd'}"))

    assert said == [
        "INSTALLED_APPS_DATABASE_URL: sslrootcert: no file that can be used (no PEM, or not of one another).",
        "INSTALLED_APPS_DATABASE_URL: sslrootcert: no file that can be used (No such file or directory).",
    ]
    assert refused.value.message == (
        "INSTALLED_APPS_DATABASE_URL: sslcert and sslkey: no file that can be used (no PEM, or not of one another)."
    )


@given(password=st.text(min_size=4, max_size=12), rest=st.sampled_from(["db/name", "db:1/name?sslmode=disable", "[::1]/name"]))
def test_whatever_the_password_is_it_is_read_or_refused_by_one_line_without_it(password: str, rest: str) -> None:
    said, address = "", None
    try:
        address = read_address(f"postgres://user:{password}@{rest}")
    except ConfigurationError as refused:
        said = refused.message

    assert said in {"", ENCODE, LOOK}
    assert said or (address is not None and (address.user, address.hosts[0][0]) in {("user", "db"), ("user", "::1")})


def test_a_file_whose_name_no_file_can_have_is_one_line_too() -> None:
    with pytest.raises(ConfigurationError) as refused:
        database.configuration("sqlite:///a%00b", models=())

    assert (
        refused.value.message == "INSTALLED_APPS_DATABASE_URL, or DATA_DIR: no file can have a name with such characters in it."
    )
