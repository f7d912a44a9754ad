"""A network that the test holds: names, connects, servers and certificates."""

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import httpcore2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app.outbound.streams import dial
from tests.listening import listening

Script = Callable[[asyncio.StreamWriter], Awaitable[None]]


class CountedDial:
    """Notes every connect. Each ends at the local port given, or, without one, nowhere."""

    def __init__(self, port: int | None = None) -> None:
        self.connects: list[tuple[str, int]] = []
        self._port = port

    async def __call__(self, address: str, port: int) -> httpcore2.AsyncNetworkStream:
        self.connects.append((address, port))
        if self._port is None:
            raise httpcore2.ConnectError
        return await dial("127.0.0.1", self._port)


class Names:
    """A resolver that gives each question the script's next answer, and the last one for ever after."""

    def __init__(self, *answers: Sequence[str] | Exception) -> None:
        self._answers = list(answers)
        self.questions: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.questions.append((host, port))
        answer = self._answers[0] if len(self._answers) == 1 else self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Server:
    """A server on 127.0.0.1; `heads` are the requests as they came, without their bodies."""

    port: int = 0
    heads: list[bytes] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def serving(script: bytes | Script, *, tls: ssl.SSLContext | None = None, requests: int = 1) -> AsyncIterator[Server]:
    """Answer so many requests of each connection with the bytes, or as the script writes, and close; 0 answers unasked."""
    server = Server()

    async def write(writer: asyncio.StreamWriter) -> None:
        if isinstance(script, bytes):
            writer.write(script)
            await writer.drain()
        else:
            await script(writer)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(requests):
            server.heads.append(await reader.readuntil(b"\r\n\r\n"))
            await write(writer)
        if requests == 0:
            await write(writer)

    async with listening(answer, tls=tls) as server.port:
        yield server


@dataclass(frozen=True)
class Authority:
    """A certificate authority of the test's own, and a server's context with a certificate for `name` by it."""

    pem: str
    server: ssl.SSLContext


def make_authority(name: str, folder: Path) -> Authority:
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "A test's authority")])
    start = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    base = x509.CertificateBuilder().issuer_name(authority_name).not_valid_before(start)
    base = base.not_valid_after(start + dt.timedelta(days=1))
    authority = (
        base.subject_name(authority_name)
        .public_key(authority_key.public_key())
        .serial_number(1)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    alternative = x509.DNSName(name) if any(letter.isalpha() for letter in name) else x509.IPAddress(ip_address(name))
    certificate = (
        base.subject_name(x509.Name([]))
        .public_key(key.public_key())
        .serial_number(2)
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    chain = folder / "server.pem"
    chain.write_bytes(
        certificate.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return Authority(pem=authority.public_bytes(Encoding.PEM).decode(), server=context)
