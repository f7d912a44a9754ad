from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError
from starlette.requests import HTTPConnection

from app.errors import ConfigurationError
from app.outbound import parse_allow
from app.outbound.origins import origin_of
from app.settings import Settings, read_settings, unknown_settings
from app.storage import database
from app.web.pages import is_same_origin

THREE = "OIDC_ISSUER=https://id.example.com\nOIDC_AUDIENCE=us\nOIDC_TEAM_CLAIM=team\n"
NOT_ALL = "OIDC_ISSUER, OIDC_AUDIENCE and OIDC_TEAM_CLAIM are set all three, or none of them"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("OIDC_ISSUER=https://id.example.com", f"INSTALLED_APPS_*: {NOT_ALL}"),
        ("OIDC_AUDIENCE=us\nOIDC_TEAM_CLAIM=team", f"INSTALLED_APPS_*: {NOT_ALL}"),
        (f"{THREE}OIDC_CLIENT_ID=us", "INSTALLED_APPS_*: OIDC_CLIENT_ID and OIDC_CLIENT_SECRET are set both, or neither of them"),
        (
            f"{THREE}OIDC_CLIENT_SECRET=s3cret",
            "INSTALLED_APPS_*: OIDC_CLIENT_ID and OIDC_CLIENT_SECRET are set both, or neither of them",
        ),
        (
            "OIDC_CLIENT_ID=us\nOIDC_CLIENT_SECRET=s3cret",
            "INSTALLED_APPS_*: OIDC_CLIENT_ID and OIDC_CLIENT_SECRET need OIDC_ISSUER, OIDC_AUDIENCE and OIDC_TEAM_CLAIM",
        ),
        (
            THREE.replace("https://id.example.com", "http://id.example.com"),
            "INSTALLED_APPS_OIDC_ISSUER: must be https unless it is a loopback address",
        ),
        (
            THREE.replace("https://id.example.com", "id.example.com"),
            (
                "INSTALLED_APPS_OIDC_ISSUER: must be an address such as https://apps.example.com: "
                "it has to look like https://host, with nothing but a path behind it"
            ),
        ),
        (
            THREE.replace("https://id.example.com", "https://id.example.com/?a=b"),
            "INSTALLED_APPS_OIDC_ISSUER: must be an address such as https://apps.example.com: it has a query",
        ),
        (THREE.replace("=us", "="), "INSTALLED_APPS_OIDC_AUDIENCE: must not be empty: leave it out, or say what it is"),
    ],
)
def test_what_is_set_of_an_issuer_by_halves_or_wrongly_is_named_and_not_shown(tmp_path: Path, lines: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, lines)

    assert refused.value.message == message
    assert "s3cret" not in refused.value.message


@pytest.mark.parametrize("issuer", ["https://id.example.com", "https://id.example.com/", "https://id.example.com/realms/acme/"])
def test_an_issuer_is_kept_to_the_letter(tmp_path: Path, issuer: str) -> None:
    assert read(tmp_path, THREE.replace("https://id.example.com", issuer)).oidc_issuer == issuer


@pytest.mark.parametrize("setting", ["DATA_DIR", "KEYRING_FILE"])
@pytest.mark.parametrize("address", ["postgres://ada:s3cret@db.example.com/x", "redis://:s3cret@127.0.0.1", "sqlite:///x"])
def test_an_address_is_no_path_and_is_not_shown(tmp_path: Path, setting: str, address: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, f"{setting}={address}")

    words = "must be a path, and this is an address: DATABASE_URL and REDIS_URL take those"
    assert refused.value.message == f"INSTALLED_APPS_{setting}: {words}"


ADDRESSES = [
    "postgres://ada:s3cret@db.example.com/x",
    "postgres://ada:s3cret,1@db.example.com/x",
    "redis://ada:s3cret/w@127.0.0.1:6379/0",
    "redis://:s3cret%ss@h/0",
    "http://ada:s3cret@127.0.0.1:1",
    "https://ada:s3cret@a.example",
    "ada:s3cret@a.example",
]


@pytest.mark.parametrize("setting", sorted(Settings.model_fields))
def test_no_password_of_an_address_is_shown_whatever_setting_it_was_put_into(tmp_path: Path, setting: str) -> None:
    said = []

    for address in ADDRESSES:
        try:
            read(tmp_path, f"{setting.upper()}={address}")
        except ConfigurationError as refused:
            said.append(refused.message)

    assert [message for message in said if "s3cret" in message] == []


ODD = [
    "https://apps_1.example.com",
    "https://apps.example.com.",
    "https://apps.example.com:0",
    "https://apps.example.com:99999",
    "https://apps.example.com:0443",
    "https://apps.example.com:port",
    "https://ada@apps.example.com",
    "https://ada:s3cret@apps.example.com",
    "https://apps.example.com?a=b",
    "https://apps.example.com/#a",
    "https://apps.example.com/a/../b",
    "https://apps.example.com\\a",
    "https://[::1",
    "https://10.1",
    "https://",
    "apps.example.com",
    "ftp://apps.example.com",
    "",
]


@pytest.mark.parametrize(
    ("setting", "address"),
    [
        *((setting, address) for setting in ("PUBLIC_URL", "SLACK_URL", "OIDC_ISSUER") for address in ODD),
        *(("ALLOWED_ORIGINS", address) for address in ODD if address),
    ],
)
def test_an_address_that_its_users_could_not_read_is_one_line_that_names_the_setting(
    tmp_path: Path, setting: str, address: str
) -> None:
    lines = THREE.replace("https://id.example.com", f"'{address}'") if setting == "OIDC_ISSUER" else f"{setting}='{address}'"

    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, lines)

    assert refused.value.message.startswith(f"INSTALLED_APPS_{setting}: must be ")
    assert refused.value.message.count("\n") == 0
    assert "s3cret" not in refused.value.message


@pytest.mark.parametrize(
    ("given", "kept", "path"),
    [
        ("https://tools.example.com", "https://tools.example.com", ""),
        ("https://tools.example.com/", "https://tools.example.com", ""),
        ("https://tools.example.com/installed-apps", "https://tools.example.com/installed-apps", "/installed-apps"),
        (
            "https://tools.example.com/ci/Installed_Apps.2//",
            "https://tools.example.com/ci/Installed_Apps.2",
            "/ci/Installed_Apps.2",
        ),
        ("http://[::1]:8000/a/", "http://[::1]:8000/a", "/a"),
    ],
)
def test_the_path_of_the_public_address_is_kept_without_the_slashes_at_its_end(given: str, kept: str, path: str) -> None:
    settings = Settings(public_url=given)

    assert (settings.public_url, settings.path) == (kept, path)


@pytest.mark.parametrize(
    "path",
    ["/a//b", "//a", "/a%20b", "/%2e%2e", "/a;b", "/a,b", "/a=b", "/(a)", "/a&b", "/é", f"/{'a' * 256}", "/../a", "/a/.", "/a b"],
)
def test_a_path_that_browsers_and_proxies_could_write_in_two_ways_is_one_line(tmp_path: Path, path: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, f"PUBLIC_URL='https://tools.example.com{path}'")

    assert refused.value.message.startswith("INSTALLED_APPS_PUBLIC_URL: must be an address ")
    assert refused.value.message.count("\n") == 0


@pytest.mark.parametrize("path", ["/graphql", "/sign-in/", "/callback/slack", "/graphiql/ours", "/metrics"])
def test_a_path_that_begins_as_one_of_the_services_own_is_one_line(tmp_path: Path, path: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, f"PUBLIC_URL=https://tools.example.com{path}")

    assert refused.value.message == (
        "INSTALLED_APPS_PUBLIC_URL: must be an address whose path does not begin as one of the service's own does, "
        "such as https://tools.example.com/installed-apps"
    )


HOSTS = st.one_of(
    st.sampled_from(
        ["Apps.Example.COM", "bücher.example", "xn--bcher-kva.example", "192.0.2.7", "[2001:DB8::1]", "[::1]", "localhost"]
    ),
    st.text(alphabet="aZ09-_.%ü@:", min_size=1, max_size=8),
)


@given(
    scheme=st.sampled_from(["https", "HTTPS", "http"]),
    host=HOSTS,
    port=st.sampled_from(["", ":", ":0", ":80", ":443", ":0443", ":8443", ":65535", ":65536", ":x"]),
    path=st.sampled_from(["", "/", "/apps", "/apps/", "/a/../b", "//", "?a=b", "/a%20b", "/a b"]),
)
def test_every_public_url_that_is_taken_works_where_origins_are_compared(scheme: str, host: str, port: str, path: str) -> None:
    try:
        settings = Settings(public_url=f"{scheme}://{host}{port}{path}")
    except ValidationError:
        return
    origin = origin_of(settings.public_url)
    page = HTTPConnection({"type": "http", "headers": [(b"origin", str(origin).encode())]})

    assert is_same_origin(page, public_url=settings.public_url)
    assert settings.has_secure_cookies == str(origin).startswith("https:")
    assert settings.is_loopback == (str(urlsplit(str(origin)).hostname) in {"127.0.0.1", "localhost", "::1"})


def test_an_allowed_origin_is_kept_as_browsers_name_it(tmp_path: Path) -> None:
    settings = read(tmp_path, "ALLOWED_ORIGINS='https://App.Example.com:443/, HTTP://127.0.0.1:80, https://bücher.example'")

    assert settings.allowed_origins == ("https://app.example.com", "http://127.0.0.1", "https://xn--bcher-kva.example")


@pytest.mark.parametrize(
    "address", ["http://collector:99999", "http://collector:x", "http://[::1", "http://a:s3cret@b", "collector"]
)
def test_where_traces_cannot_go_is_one_line_too(tmp_path: Path, address: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, f"TRACES_URL={address}")

    assert refused.value.message == (
        "INSTALLED_APPS_TRACES_URL: must be an address such as http://127.0.0.1:4318/v1/traces, without a password"
    )


@given(
    name=st.sampled_from(sorted(Settings.model_fields)),
    value=st.one_of(
        st.text(min_size=1, max_size=30),
        st.from_regex(r"(postgres|sqlite|redis|https?)://[a-z:@/?#%\[\]0-9=&]{0,30}", fullmatch=True),
    ),
)
def test_whatever_a_setting_says_it_is_taken_or_refused_by_lines_that_name_it(name: str, value: str) -> None:
    said = ""
    try:
        settings = Settings.model_validate({name: value})
        database.configuration(settings.database, models=())
        database.listens(settings.database)
        parse_allow(settings.outbound_allow)
    except ValidationError as refused:
        said = " ".join("*".join(map(str, problem["loc"])) or "OIDC" for problem in refused.errors())
    except ConfigurationError as refused:
        said = refused.message

    assert "\n" not in said
    assert said == "" or name.upper() in said.upper() or said == "OIDC"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("SLACK_CLIENTID", "INSTALLED_APPS_SLACK_CLIENTID is no setting: did you mean INSTALLED_APPS_SLACK_CLIENT_ID?"),
        ("TRUSTED_PROXY", "INSTALLED_APPS_TRUSTED_PROXY is no setting: did you mean INSTALLED_APPS_TRUSTED_PROXIES?"),
        ("DATABASEURL", "INSTALLED_APPS_DATABASEURL is no setting: did you mean INSTALLED_APPS_DATABASE_URL?"),
        ("public_uri", "INSTALLED_APPS_PUBLIC_URI is no setting: did you mean INSTALLED_APPS_PUBLIC_URL?"),
        ("XYZZY", "INSTALLED_APPS_XYZZY is no setting; docs/settings.md has the list."),
    ],
)
def test_a_mistyped_name_is_told_with_the_nearest_right_one(tmp_path: Path, name: str, line: str) -> None:
    file = tmp_path / "settings"
    file.write_text(f"INSTALLED_APPS_{name}=s3cret\n")

    assert unknown_settings({f"INSTALLED_APPS_{name}": "s3cret"}, env_file=None) == [line]
    assert unknown_settings({}, env_file=file) == [line]


def test_every_setting_and_what_others_set_in_containers_is_told_of_nowhere() -> None:
    names = [*(name.upper() for name in Settings.model_fields), "URL", "TOKEN", "data_dir"]
    of_clusters = ["SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_HTTP", "PORT", "PORT_8000_TCP", "PORT_8000_TCP_ADDR"]
    environment = {f"INSTALLED_APPS_{name}": "x" for name in (*names, *of_clusters)} | {"HOME": "/", "INSTALLED_AP": "x"}

    assert unknown_settings(environment, env_file=None) == []


def read(folder: Path, lines: str) -> Settings:
    file = folder / "settings"
    file.write_text("".join(f"INSTALLED_APPS_{line}\n" for line in lines.splitlines()))
    return read_settings(env_file=file)
