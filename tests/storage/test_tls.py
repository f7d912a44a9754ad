"""A PostgreSQL that speaks TLS, with certificates of a test's own: what the address says of TLS is kept to."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.errors import DatabaseAway
from app.storage import database
from app.storage.outages import CLEAR, UNTRUSTED
from tests import databases
from tests.certificates import Authority, Certified, make_authority
from tests.faults.postgres import PostgresServer, postgres_server, server_user

pytestmark = pytest.mark.processes

IN_USE = "SELECT version, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
RULES = """
local all all trust
hostssl all app all cert
host all all all trust
"""


@dataclass(frozen=True)
class Secured:
    server: PostgresServer
    authority: Authority
    folder: Path

    def url(self, *parameters: str, host: str = "localhost", user: str = "postgres") -> str:
        return f"postgres://{user}@{host}:{self.server.port}/postgres?{'&'.join(parameters)}"


@pytest.fixture
async def secured(tmp_path: Path) -> AsyncIterator[Secured]:
    authority = make_authority(tmp_path)
    certified = authority.certify("localhost", tmp_path)

    def prepare(cluster: Path) -> None:
        _hand_over(certified, cluster)
        shutil.copy(authority.root, cluster / "root.crt")
        (cluster / "root.crt").chmod(0o644)
        (cluster / "pg_hba.conf").write_text(RULES)

    options = {"ssl": "on", "ssl_ca_file": "root.crt", "unix_socket_directories": "."}
    async with postgres_server(tmp_path, options=options, prepare=prepare) as server:
        yield Secured(server, authority, tmp_path)


def _hand_over(certified: Certified, cluster: Path) -> None:
    for source, name in ((certified.certificate, "server.crt"), (certified.key, "server.key")):
        shutil.copy(source, cluster / name)
        (cluster / name).chmod(0o600)
        if (user := server_user()) is not None:
            shutil.chown(cluster / name, user)


async def used(url: str) -> list[object]:
    """Return the version of TLS that a connection has, and who it says that it is."""
    async with databases.opened(url):
        [row] = await database.current().execute_query_dict(IN_USE)
        return list(row.values())


async def test_verify_full_connects_by_tls_to_the_one_whom_the_certificate_names(secured: Secured) -> None:
    answer = await used(secured.url("sslmode=verify-full", f"sslrootcert={secured.authority.root}"))

    assert answer == ["TLSv1.3", None]


async def test_verify_full_refuses_another_name_and_verify_ca_does_not(secured: Secured) -> None:
    root = f"sslrootcert={secured.authority.root}"

    with pytest.raises(DatabaseAway) as refused:
        await used(secured.url("sslmode=verify-full", root, host="127.0.0.1"))
    answer = await used(secured.url("sslmode=verify-ca", root, host="127.0.0.1"))

    assert refused.value.message == UNTRUSTED
    assert refused.value.fault == "TLS: IP address mismatch, certificate is not valid for '127.0.0.1'"
    assert answer == ["TLSv1.3", None]


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
async def test_a_certificate_of_another_authority_is_refused(secured: Secured, mode: str) -> None:
    other = make_authority(secured.folder, name="other")

    with pytest.raises(DatabaseAway) as refused:
        await used(secured.url(f"sslmode={mode}", f"sslrootcert={other.root}"))

    assert (refused.value.message, refused.value.passes) == (UNTRUSTED, False)


async def test_disable_connects_in_clear_text_and_what_says_nothing_takes_tls(secured: Secured) -> None:
    assert await used(secured.url("sslmode=disable")) == [None, None]
    assert await used(secured.url()) == ["TLSv1.3", None]


async def test_a_certificate_of_its_own_signs_the_service_in(secured: Secured) -> None:
    own = secured.authority.certify("app", secured.folder)
    async with databases.opened(secured.url()):
        await database.current().execute_query("CREATE ROLE app LOGIN")

    shown = await used(secured.url("sslmode=require", f"sslcert={own.certificate}", f"sslkey={own.key}", user="app"))
    with pytest.raises(DatabaseAway) as refused:
        await used(secured.url("sslmode=require", user="app"))

    assert shown == ["TLSv1.3", "/CN=app"]
    assert refused.value.fault.startswith("28000 ")


async def test_a_folder_of_sockets_is_a_host(secured: Secured) -> None:
    async with databases.opened(f"postgres://postgres@:{secured.server.port}/postgres?host={secured.server.cluster}"):
        [row] = await database.current().execute_query_dict("SELECT inet_server_addr() AS address")

    assert row == {"address": None}


async def test_of_several_servers_the_one_that_answers_and_takes_writes_is_used(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    async with (
        postgres_server(first, options={"default_transaction_read_only": "on"}) as reading,
        postgres_server(second) as writing,
    ):
        hosts = f"127.0.0.1:{reading.port},127.0.0.1:{writing.port}"
        async with databases.opened(f"postgres://postgres@{hosts}/postgres?target_session_attrs=read-write"):
            [row] = await database.current().execute_query_dict("SHOW port")

        assert row == {"port": str(writing.port)}


async def test_a_server_without_tls_is_told_from_one_that_is_away(tmp_path: Path) -> None:
    async with postgres_server(tmp_path) as server:
        with pytest.raises(DatabaseAway) as refused:
            await used(f"postgres://postgres@127.0.0.1:{server.port}/postgres?sslmode=require")

    assert (refused.value.message, refused.value.passes) == (CLEAR, False)
