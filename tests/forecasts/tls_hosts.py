"""Git servers with names and certificates of their own behind one port: what each of them shows is in the test's hands."""

import asyncio
import datetime as dt
import json
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpcore2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.access.callers import Caller
from app.installed_apps.models import InstalledApp
from app.installed_apps.shared_clients import NewClient, add
from app.outbound import Outbound
from app.outbound.streams import dial
from app.sealing.secret import Secret
from app.services import Services
from tests.installed_apps.world import World
from tests.wires import Server, serving

LONG_AGO = dt.timedelta(days=30)
_PUBLIC = "52.216.0.1"
_GITLAB = "gitlab-self-managed"


class Authority:
    """A certificate authority of the test's own. Its certificate says that it ends at `ends`."""

    def __init__(self, name: str, *, ends: dt.datetime) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self._server_key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            self._begin(self._name, ends)
            .public_key(self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.pem = certificate.public_bytes(Encoding.PEM).decode()

    def certify(self, host: str, *, ends: dt.datetime) -> bytes:
        """Return a certificate for the host and its key, in PEM."""
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
        certificate = (
            self._begin(subject, ends)
            .public_key(self._server_key.public_key())
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        key = self._server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return certificate.public_bytes(Encoding.PEM) + key

    def _begin(self, subject: x509.Name, ends: dt.datetime) -> x509.CertificateBuilder:
        base = x509.CertificateBuilder().issuer_name(self._name).subject_name(subject)
        start = min(ends, dt.datetime.now(dt.UTC)) - LONG_AGO
        return base.serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(ends)


@dataclass
class Hosts:
    """The servers. `corp` signs what only those trust who were given its certificate."""

    world: World
    corp: Authority
    folder: Path
    shown: dict[str, ssl.SSLContext] = field(default_factory=dict)
    server: Server = field(default_factory=Server)

    def show(self, host: str, *, ends: dt.datetime, by: Authority | None = None) -> None:
        """Let the host have a certificate, from now on, that ends then."""
        path = self.folder / f"{host}.pem"
        path.write_bytes((by or self.corp).certify(host, ends=ends))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        self.shown[host] = context

    async def add(self, caller: Caller, host: str, *, certificates: str | None, services: Services | None = None) -> InstalledApp:
        new = NewClient(_GITLAB, f"https://{host}", "the-app", Secret("the-apps-client-secret"), certificates)
        return await add(new, name=host, caller=caller, services=services or self.world.services)


@asynccontextmanager
async def hosting(world: World, folder: Path, *, corp_ends: dt.datetime) -> AsyncIterator[Hosts]:
    """Serve what answers as a GitLab under any name that is shown, and let the world's services find it."""
    hosts = Hosts(world, Authority("Corp", ends=corp_ends), folder)
    hosts.show("nobody.example", ends=corp_ends)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "nobody.example.pem")

    def choose(session: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        session.context = hosts.shown[name or "nobody.example"]

    tls.sni_callback = choose
    port_of_sandbox = world.services.settings.origin_of("slack_url").rsplit(":", 1)[1]
    async with serving(_answer, tls=tls) as hosts.server:

        async def connect(address: str, port: int) -> httpcore2.AsyncNetworkStream:
            return await dial("127.0.0.1", hosts.server.port if address == _PUBLIC else port)

        outbound = Outbound(resolve=_resolve, dial=connect, sandbox=("127.0.0.1", int(port_of_sandbox)))
        world.services = replace(world.services, outbound=outbound)
        yield hosts
        await outbound.aclose()


async def _resolve(host: str, port: int) -> Sequence[str]:
    del port
    return [_PUBLIC if host.endswith(".example") else host]


async def _answer(writer: asyncio.StreamWriter) -> None:
    body = json.dumps({"version": "17.5.1", "revision": "abc"}).encode()
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n")
    writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    await writer.drain()
