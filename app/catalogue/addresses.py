"""The base address of a Git server, in the one spelling by which it is known."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.outbound.origins import OddUrl, parse_url
from app.settings import LOOPBACK_HOSTS

LONGEST = 300

_ROOT = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")


@dataclass(frozen=True)
class GitServerAddress:
    """`base_url` has the relative root and no slash at its end; `origin` is scheme, host and port alone."""

    base_url: str
    origin: str

    @property
    def is_plain(self) -> bool:
        """Whether it is spoken to without TLS."""
        return self.origin.startswith("http:")

    @property
    def is_loopback(self) -> bool:
        return urlsplit(self.origin).hostname in LOOPBACK_HOSTS


def read_address(text: str) -> GitServerAddress | OddUrl:
    """Read what a person typed: two spellings of one address come out the same; one with more than a path is odd."""
    url = parse_url(text.strip())
    if isinstance(url, OddUrl):
        return url
    if "?" in url.target:
        return OddUrl("it has a query; the base address has none")
    root = url.target.rstrip("/")
    if not _ROOT.fullmatch(root):
        return OddUrl("its path can only have letters, digits, hyphens, dots, underscores and tildes between single slashes")
    if len(url.origin + root) > LONGEST:
        return OddUrl(f"it is longer than {LONGEST} characters")
    return GitServerAddress(base_url=url.origin + root, origin=url.origin)
